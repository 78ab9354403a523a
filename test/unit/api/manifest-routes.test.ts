import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { manifestInFile } from "../../../api/cluster/manifest-store.ts";
import { paths } from "../../../api/http/routes.ts";
import { fromJson, type ManifestNode, pathsOf } from "../../../core/state/znodes.ts";
import { TestServer } from "./test-server.ts";

const manifest = (spec = "{}") =>
  `# ours\napiVersion: dbaas.rideshare/v1\nkind: Database\nmetadata: { name: x }\nspec: ${spec}\n`;
const path = pathsOf("test").manifest;
const yaml = { "Content-Type": "application/yaml" };

const server = new TestServer();
before(() => server.start());
after(() => server.stop());

const put = (body: string, headers: Record<string, string> = {}) =>
  server.call("PUT", paths.manifest, { body, headers: { ...yaml, ...headers } });
const refusalIn = ({ text }: { readonly text: string }) => JSON.parse(text).error;
const kept = (): string | undefined =>
  fromJson<ManifestNode>(server.znodes.nodes.get(path)?.data ?? "null")?.text;
/** Of the processor's time, not of the clock's: what stands still uses none. */
const usedMs = () => {
  const [own, all] = [process.threadCpuUsage(), process.cpuUsage()].map(
    ({ user, system }) => (user + system) / 1_000,
  ) as [number, number];
  return { own, others: all - own };
};
const isAlive = async () => (await server.call("GET", "/healthz")).status === 200;

describe("the manifest over HTTP", () => {
  beforeEach(() => server.znodes.nodes.clear());

  it("is taken, and given back as it was written", async () => {
    const first = await put(manifest());
    assert.deepEqual([first.status, first.headers.etag, first.text], [200, '"0"', '{"version":"0"}']);
    const given = await server.call("GET", paths.manifest);
    assert.deepEqual([given.status, given.text], [200, manifest()]);
    assert.deepEqual([given.headers.etag, given.headers["content-type"]], ['"0"', "application/yaml"]);
  });

  it("is not there before the controller has brought the first one", async () => {
    const { status } = await server.call("GET", paths.manifest);
    assert.equal(status, 503);
  });

  it("changes nothing when it is not valid, and every problem is named", async () => {
    await put(manifest());
    const answer = await put(manifest("{ scaling: { min: 0, max: many } }"));
    assert.equal(answer.status, 400);
    const { code, field, message } = refusalIn(answer);
    assert.deepEqual([code, field], ["bad_request", "spec.scaling.min"]);
    assert.match(message, /5:.* spec\.scaling\.min: .*spec\.scaling\.max: /);
    assert.equal(kept(), manifest());
  });

  it("is replaced only in the version that was read, when one is named", async () => {
    await put(manifest());
    assert.equal((await put(manifest("{ paused: true }"), { "If-Match": '"0"' })).status, 200);
    const late = await put(manifest(), { "If-Match": '"0"' });
    assert.deepEqual([late.status, refusalIn(late).code], [409, "conflict"]);
    assert.equal(kept(), manifest("{ paused: true }"));
    const odd = await put(manifest(), { "If-Match": "W/x" });
    assert.deepEqual([odd.status, refusalIn(odd).field], [400, "If-Match"]);
  });

  it("is refused in another type, compressed, or as no text", async () => {
    for (const [headers, field] of [
      [{ "Content-Type": "text/plain" }, "Content-Type"],
      [{ "Content-Type": "application/json" }, "Content-Type"],
      [{ "Content-Encoding": "gzip" }, "Content-Encoding"],
    ] as const) {
      const answer = await put(manifest(), headers);
      assert.deepEqual([answer.status, refusalIn(answer).field], [415, field]);
    }
    const head = `PUT ${paths.manifest} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: text/yaml\r\n`;
    const received = await server.raw(Buffer.from(`${head}Content-Length: 2\r\n\r\n\xff\xfe`, "latin1"));
    assert.match(received, /^HTTP\/1\.1 400 .*is not UTF-8/s);
    assert.equal(kept(), undefined);
  });

  it("says in which methods it can be asked", async () => {
    const { status, headers } = await server.call("DELETE", paths.manifest);
    assert.deepEqual([status, headers.allow], [405, "GET, HEAD, PUT"]);
  });

  it("is too large beyond a bound, told before it is all there", async () => {
    const answer = await put("a".repeat(1024 * 1024 + 1));
    assert.deepEqual([answer.status, refusalIn(answer).code], [413, "too_large"]);
  });

  it("may be made to take long: others are served meanwhile, and it is refused", async () => {
    const nested = Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} [${`*b${i - 1},`.repeat(9)}]`);
    const bombs = [
      `[${"{a: 1},".repeat(4_000)}]`,
      "[".repeat(10_000),
      ["b: &b-1 [x]", ...nested].join("\n"),
      "a: !!binary AAAA\n".repeat(1_500),
    ];
    let served = 0;
    for (const bomb of bombs) {
      const before = usedMs();
      let over = false;
      const asking = put(bomb).finally(() => {
        over = true;
      });
      // Ever more seldom: what is asked meanwhile takes time of this thread as well.
      for (let pauseMs = 10; !over; pauseMs *= 2) {
        assert.ok(await isAlive());
        if (!over) served += 1;
        await Promise.race([asking, sleep(pauseMs)]);
      }
      const answer = await asking;
      const after = usedMs();
      const [own, others] = [after.own - before.own, after.others - before.others];
      assert.deepEqual(
        [answer.status, refusalIn(answer).code],
        [400, "bad_request"],
        answer.text.slice(0, 200),
      );
      assert.ok(
        own < others / 2,
        `it took ${own} ms of those who read and write, and ${others} ms of others`,
      );
    }
    assert.ok(served > 0, "others were served");
  });

  it("is not refused for good where it could not be looked over", async () => {
    process.once("worker", (thread) => thread.emit("error", new Error("no thread can be started")));
    const answer = await put(manifest());
    assert.deepEqual([answer.status, refusalIn(answer).code], [503, "unavailable"]);
    assert.equal(kept(), undefined);
    assert.equal((await put(manifest())).status, 200);
  });

  it("is looked over one at a time", async () => {
    const answers = await Promise.all([1, 2, 3].map(() => put(manifest())));
    const statuses = answers.map(({ status }) => status);
    assert.ok(statuses.includes(200));
    for (const status of statuses) assert.ok(status === 200 || status === 503, String(status));
  });
});

describe("the manifest of one host", () => {
  const folder = mkdtempSync(join(tmpdir(), "dbaas-manifest-"));
  after(() => rmSync(folder, { recursive: true }));

  it("is the file, and cannot be replaced from outside", async () => {
    const file = join(folder, "dbaas.yaml");
    writeFileSync(file, manifest());
    const store = manifestInFile(file);
    assert.deepEqual(await store.read(), { text: manifest(), version: null });
    assert.equal(store.isReplaceable, false);
    await assert.rejects(manifestInFile(join(folder, "none")).read(), { code: "unavailable" });
    await assert.rejects(manifestInFile(undefined).read(), { code: "unavailable" });
  });
});
