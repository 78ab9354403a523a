import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { emptySchema } from "../../../../core/schema.ts";
import { fromJson, type TablesNode, toJson } from "../../../../core/state/znodes.ts";
import { systemClock } from "../../../../platform/process/clock.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { tellTables } from "../../../../worker/copy/tell-tables.ts";

const log = createLog({ program: "test", format: "json", level: "silent" });
const tables = (epoch: number, failed: TablesNode["failed"] = []): TablesNode => ({
  epoch,
  schema: emptySchema,
  failed,
});
const stat = { czxid: 1, mzxid: 1, createdAtMs: 0, modifiedAtMs: 0, mine: false };

/** A znode, and what happens at its first calls. */
function znode(data: string | null, before: (() => void)[] = []) {
  const node = { data, version: 0 };
  const session = {
    get: async () => {
      const { data: now, version } = node;
      return now === null ? null : { data: now, stat: { ...stat, version } };
    },
    set: async (_: string, written: string, version = -1) => {
      before.shift()?.();
      if (version !== node.version) return false;
      Object.assign(node, { data: written, version: version + 1 });
      return true;
    },
    create: async (path: string, written: string) => {
      before.shift()?.();
      if (node.data !== null) return null;
      node.data = written;
      return path;
    },
  };
  return { node, session, said: () => fromJson<TablesNode>(node.data ?? "null") };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("telling what tables there are", () => {
  it("makes the znode, and writes the newest of several", async () => {
    const { session, said } = znode(null);
    const tell = tellTables(session, "/t", { clock: systemClock, log }, new AbortController().signal);
    tell(tables(1));
    tell(tables(1, [{ what: "table a", reason: "r" }]));
    await settled();
    assert.equal(said()?.failed.length, 1);
    tell(tables(2));
    await settled();
    assert.deepEqual(said(), tables(2));
  });

  it("leaves a later master's word alone", async () => {
    const { session, said } = znode(toJson(tables(7)));
    tellTables(session, "/t", { clock: systemClock, log }, new AbortController().signal)(tables(6));
    await settled();
    assert.equal(said()?.epoch, 7);
  });

  it("looks again when another wrote meanwhile", async () => {
    const world = znode(toJson(tables(1)), [
      () => Object.assign(world.node, { data: toJson(tables(2)), version: 5 }),
    ]);
    tellTables(world.session, "/t", { clock: systemClock, log }, new AbortController().signal)(tables(3));
    await settled();
    assert.equal(world.said()?.epoch, 3);
  });
});
