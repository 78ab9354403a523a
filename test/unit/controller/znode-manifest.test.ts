import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ZnodeManifest } from "../../../controller/registry/znode-manifest.ts";
import { parseManifest } from "../../../core/manifest/parse.ts";
import { fromJson, type ManifestNode, toJson } from "../../../core/state/znodes.ts";
import { createLog } from "../../../platform/telemetry/log.ts";
import { FakeZnodes } from "../api/fake-znodes.ts";

const log = createLog({ program: "controller", format: "json", level: "silent" });
const path = "/dbaas/test/manifest";
const textWith = (spec: string) =>
  `apiVersion: dbaas.rideshare/v1\nkind: Database\nmetadata: { name: x }\nspec: ${spec}\n`;
const node = (text: string) => toJson({ text, atMs: 0, by: "api-1" } satisfies ManifestNode);

/** A controller of a host whose file holds `file`, or nothing that counts yet. */
function host(znodes: FakeZnodes, file: string | null) {
  const first = {
    text: file,
    state: { spec: file === null ? null : parseManifest(file).spec, problem: null, waiting: null },
    wake: (): void => undefined,
    onChange: (wake: () => void) => {
      first.wake = wake;
    },
  };
  const options = { session: znodes, path, first, host: "host-1", clock: { wallMs: () => 7 }, log };
  const opened = () => ZnodeManifest.watch(options, new AbortController().signal);
  const brings = (text: string) => {
    first.text = text;
    first.wake();
  };
  return { opened, brings };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 20));
const paused = (manifest: ZnodeManifest) => manifest.state.spec?.paused;

describe("the manifest in ZooKeeper, as a controller reads it", () => {
  it("begins with the one of the file", async () => {
    const znodes = new FakeZnodes();
    const manifest = await host(znodes, textWith("{ paused: true }")).opened();
    assert.equal(paused(manifest), true);
    const kept = fromJson<ManifestNode>(znodes.nodes.get(path)?.data ?? "null");
    assert.deepEqual(kept, { text: textWith("{ paused: true }"), atMs: 7, by: "host-1" });
  });

  it("is what stands there, whatever the file says", async () => {
    const znodes = new FakeZnodes();
    await znodes.create(path, node(textWith("{ paused: true }")));
    const manifest = await host(znodes, textWith("{}")).opened();
    assert.equal(paused(manifest), true);
  });

  it("waits for a file that does not count yet", async () => {
    const znodes = new FakeZnodes();
    const { opened, brings } = host(znodes, null);
    const manifest = await opened();
    assert.equal(manifest.state.spec, null);
    brings(textWith("{ paused: true }"));
    await settled();
    assert.equal(paused(manifest), true);
  });

  it("is taken up at each change, and wakes who goes by it", async () => {
    const znodes = new FakeZnodes();
    const manifest = await host(znodes, textWith("{}")).opened();
    let wakes = 0;
    manifest.onChange(() => {
      wakes += 1;
    }, new AbortController().signal);
    await znodes.set(path, node(textWith("{ paused: true }")));
    await settled();
    assert.deepEqual([paused(manifest), wakes > 0], [true, true]);
  });

  it("stays the last good one while what stands there is none, which is told", async () => {
    const znodes = new FakeZnodes();
    const manifest = await host(znodes, textWith("{ paused: true }")).opened();
    for (const data of [node("kind: Nothing"), "not even JSON"]) {
      await znodes.set(path, data);
      await settled();
      assert.equal(paused(manifest), true);
      assert.notEqual(manifest.state.problem, null);
    }
    await znodes.set(path, node(textWith("{}")));
    await settled();
    assert.deepEqual([paused(manifest), manifest.state.problem], [false, null]);
  });
});
