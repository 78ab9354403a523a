// The files that a write and a read pass, by what V8 sees entered between a request's first byte and its answer's last, in the real API
// and the real workers of a simulated cluster. ARCHITECTURE names them, and this holds it to that: none is missing there and none is
// there that no request enters. The numbers may only shrink.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { Session } from "node:inspector/promises";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Api } from "../../api/open-api.ts";
import { VirtualWorld } from "../fakes/virtual-world.ts";
import { Cluster } from "../simulation/cluster.ts";

/** On its way, each once down and once up, without what only a condition needs; and all that are entered, small shared parts too. */
const most = { write: { onTheWay: 33, entered: 49 }, read: { onTheWay: 26, entered: 33 } } as const;

/** In their place stands the simulated world. */
const outside = ["platform/rabbitmq/rabbit.ts", "platform/rabbitmq/messages.ts", "worker/sqlite.ts"];

const root = fileURLToPath(new URL("../../", import.meta.url));
const withinMs = 60_000;

class Paths {
  readonly #world = new VirtualWorld(1);
  readonly #cluster = new Cluster(this.#world, 1);
  readonly #inspector = new Session();
  #port = 0;

  async open(): Promise<void> {
    await this.#advance(() => this.#cluster.apis[0]?.api !== undefined);
    this.#port = await this.#api.server.listen(0);
    await this.#answered("write", { op: "upsert", table: "things", row: { id: "a" } });
    await this.#answered("read", { table: "things" });
    await this.#advance(() => false, 5_000);
    this.#inspector.connect();
    await this.#inspector.post("Profiler.enable");
  }

  async close(): Promise<void> {
    this.#inspector.disconnect();
    await this.#api.server.drain();
    this.#cluster.end();
  }

  /** The files of the programs that this request enters on its way to its answer. */
  async entered(route: "write" | "read", body: object): Promise<ReadonlySet<string>> {
    await this.#inspector.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
    const status = await this.#post(route, body);
    const { result } = await this.#inspector.post("Profiler.takePreciseCoverage");
    await this.#inspector.post("Profiler.stopPreciseCoverage");
    assert.equal(status, 200);
    return new Set(
      result
        .filter(({ functions }) => functions.some(({ ranges }) => (ranges[0]?.count ?? 0) > 0))
        .map(({ url }) => (url.startsWith("file:") ? fileURLToPath(url).slice(root.length) : ""))
        .filter((file) => /^(api|worker|core|platform)\//.test(file)),
    );
  }

  /** What each of these requests enters: what else happens meanwhile, at the clock's bidding, is of another kind each time. */
  async always(route: "write" | "read", bodies: readonly object[]): Promise<ReadonlySet<string>> {
    let always: ReadonlySet<string> | undefined;
    for (const [i, body] of bodies.entries()) {
      // Of another length each time, or what happens again and again would happen in all of them.
      await this.#advance(() => false, 137 + 61 * i);
      const entered = await this.entered(route, body);
      always = always === undefined ? entered : new Set([...always].filter((file) => entered.has(file)));
    }
    return always ?? new Set();
  }

  get #api(): Api {
    return this.#cluster.apis[0]?.api ?? assert.fail("there is no API");
  }

  async #advance(done: () => boolean, ms = withinMs): Promise<void> {
    await this.#world.advance(done, this.#world.nowMs + ms);
  }

  /** Asks until the cluster has come up. */
  async #answered(route: "write" | "read", body: object): Promise<void> {
    for (let i = 0; i < 10; i++) if ((await this.#post(route, body)) === 200) return;
    assert.fail(`no ${route} is answered`);
  }

  /** Time stands still in the world until the request has arrived there. @returns the status */
  async #post(route: "write" | "read", body: object): Promise<number> {
    const { reads, writes } = this.#api;
    let status: number | undefined;
    const content = JSON.stringify(body);
    const headers = { "Content-Length": Buffer.byteLength(content) };
    const options = {
      host: "127.0.0.1",
      port: this.#port,
      method: "POST",
      path: `/api/v1/db/${route}`,
      headers,
      agent: false,
    };
    const onAnswer = (res: IncomingMessage) => {
      res.resume().on("end", () => {
        status = res.statusCode ?? 0;
      });
    };
    request(options, onAnswer).end(content);
    const turn = () => new Promise(setImmediate);
    while (reads.pending + writes.pending === 0 && status === undefined) await turn();
    while (reads.pending + writes.pending > 0)
      await this.#advance(() => reads.pending + writes.pending === 0, 1);
    while (status === undefined) await turn();
    return status;
  }
}

/** Requests of shapes that the worker has not seen before: each is compiled. */
const writes = [
  { op: "insert", table: "things", row: { value: "b", id: "b" } },
  { op: "insert", table: "things", row: { id: "c", value: "c" } },
  { op: "upsert", table: "things", row: { id: "b" } },
  { op: "upsert", table: "things", row: { id: "b", value: "c" } },
  { op: "insert", table: "counted", row: { value: "b" } },
  { op: "insert", table: "counted", row: { id: 7, value: "b" } },
  { op: "upsert", table: "counted", row: { value: "b", id: 8 } },
];
const writesWithCondition = [
  { op: "update", table: "things", set: { value: "d" }, where: "id = 'a' OR value = 'c'" },
  { op: "update", table: "things", set: { value: "d" }, where: "id = 'a' AND value = 'c'" },
  { op: "update", table: "things", set: { value: "d" }, where: "id = 'a'" },
  { op: "delete", table: "things", where: "id = 'a'" },
  { op: "delete", table: "things", where: "id = 'a' OR id = 'd'" },
];
const reads = [
  { table: "things", columns: ["id"], where: { id: "b" } },
  { table: "things", columns: ["value"], where: { id: "b" } },
  { table: "things", limit: 1, where: { value: "b" } },
  { table: "counted", columns: ["id"], where: { id: 7 } },
  { table: "counted", columns: ["value"], where: { value: "b" } },
];
const readsWithCondition = [
  { table: "things", columns: ["id"], where: "id = 'b' OR value = 'c'" },
  { table: "things", columns: ["value"], where: "id = 'b' AND value = 'c'" },
  { table: "counted", columns: ["id"], where: "id = 7" },
  { table: "counted", columns: ["value"], where: "id > 7" },
  { table: "counted", limit: 1, where: "value = 'b'" },
];

interface Named {
  readonly onTheWay: readonly string[];
  readonly all: ReadonlySet<string>;
}

/** What the table under this heading names. */
function namedUnder(heading: string): Named {
  const document = readFileSync(`${root}ARCHITECTURE.md`, "utf8");
  const [, section = ""] = document.split(`### ${heading}\n`);
  const [table = ""] = section.split(/\n(?:###|\*\*)/);
  const pathsIn = (text: string) => [...text.matchAll(/`([a-z/-]+\.ts)`/g)].map(([, path = ""]) => path);
  const rows = table.split("\n").filter((line) => line.startsWith("|"));
  const way = rows.filter((row) => !row.startsWith("| in passing"));
  return {
    onTheWay: way.flatMap((row) => pathsIn(row.split("; with a condition")[0] ?? "")),
    all: new Set(rows.flatMap(pathsIn)),
  };
}

function assertNamed(named: Named, entered: ReadonlySet<string>): void {
  const inside = [...named.all].filter((file) => !outside.includes(file));
  assert.deepEqual(inside.sort(), [...entered].sort());
  assert.equal(new Set(named.onTheWay).size, named.onTheWay.length, "a file is named twice");
}

describe("the path of a request", () => {
  const paths = new Paths();
  before(() => paths.open());
  after(() => paths.close());

  it("is for a write the one that ARCHITECTURE names, and no longer", async (t) => {
    const named = namedUnder("The files that a write passes");
    const plain = await paths.always("write", writes);
    const conditional = await paths.always("write", writesWithCondition);
    t.diagnostic(`a write: ${named.onTheWay.length} files on its way, ${plain.size} entered`);
    assertNamed(named, new Set([...plain, ...conditional]));
    assert.deepEqual({ onTheWay: named.onTheWay.length, entered: plain.size }, most.write);
  });

  it("is for a read the one that ARCHITECTURE names, and no longer", async (t) => {
    const named = namedUnder("The files that a read passes");
    const plain = await paths.always("read", reads);
    const conditional = await paths.always("read", readsWithCondition);
    t.diagnostic(`a read: ${named.onTheWay.length} files on its way, ${plain.size} entered`);
    assertNamed(named, new Set([...plain, ...conditional]));
    assert.deepEqual({ onTheWay: named.onTheWay.length, entered: plain.size }, most.read);
  });
});
