// A host's own broker and ZooKeeper server, as its controller's note tells them to all controllers.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { OwnParts } from "../../../../controller/engines/swarm/own-parts.ts";
import type { ServerRole } from "../../../../platform/process/role.ts";
import { roleTold } from "../../../../platform/rabbitmq/stream-role.ts";

function world() {
  const roles: Record<"broker" | "zookeeper", ServerRole> = { broker: "follows", zookeeper: "leads" };
  const clock = { nowMs: 0, monotonicMs: () => clock.nowMs };
  let asked = 0;
  const parts = new OwnParts(
    {
      broker: async () => {
        asked += 1;
        return roles.broker;
      },
      zookeeper: async () => roles.zookeeper,
    },
    clock,
  );
  /** What is told once the answers of this look are there. */
  const toldAfterMs = async (ms: number) => {
    clock.nowMs += ms;
    parts.look();
    await turnOfTheLoop();
    return parts.look();
  };
  return { roles, toldAfterMs, asked: () => asked };
}

describe("a host's own servers", () => {
  it("are told as leading where they say so", async () => {
    const { roles, toldAfterMs } = world();
    assert.deepEqual(await toldAfterMs(0), { leads: ["zookeeper"], partsAway: [] });
    roles.broker = "leads";
    assert.deepEqual((await toldAfterMs(2_000)).leads, ["stream", "zookeeper"]);
  });

  it("are asked every 2 s, however often somebody looks", async () => {
    const { toldAfterMs, asked } = world();
    for (let i = 0; i < 40; i += 1) await toldAfterMs(100);
    assert.equal(asked(), 2);
  });

  it("are away once they have taken no part for 10 s, and back with the first word", async () => {
    const { roles, toldAfterMs } = world();
    await toldAfterMs(2_000);
    roles.broker = "waits";
    assert.deepEqual((await toldAfterMs(2_000)).partsAway, []);
    assert.deepEqual((await toldAfterMs(8_000)).partsAway, []);
    assert.deepEqual((await toldAfterMs(2_000)).partsAway, ["broker"]);
    roles.broker = "follows";
    assert.deepEqual((await toldAfterMs(2_000)).partsAway, []);
  });

  it("are not away for one answer that is missing after nobody has looked for long", async () => {
    const { roles, toldAfterMs } = world();
    await toldAfterMs(2_000);
    roles.zookeeper = "away";
    assert.deepEqual((await toldAfterMs(60_000)).partsAway, []);
    assert.deepEqual((await toldAfterMs(10_000)).partsAway, ["zookeeper"]);
  });

  it("are not waited for", () => {
    const silent = new OwnParts({ broker: () => new Promise(() => undefined) }, { monotonicMs: () => 0 });
    assert.deepEqual(silent.look(), { leads: [], partsAway: [] });
  });

  it("of which a host has none are not told", () =>
    assert.deepEqual(new OwnParts({}, { monotonicMs: () => 60_000 }).look(), { leads: [], partsAway: [] }));
});

describe("a broker's part in the log", () => {
  const all = ["rabbit@a", "rabbit@b", "rabbit@c"];

  for (const [what, told, role] of [
    ["leads", { leader: "rabbit@a", members: all }, "leads"],
    ["leads, as brokers before 4.0 tell it", { node: "rabbit@a" }, "leads"],
    ["follows with a replica", { leader: "rabbit@b", members: all }, "follows"],
    ["follows as far as brokers before 4.0 tell", { node: "rabbit@b" }, "follows"],
    ["waits without a replica", { leader: "rabbit@b", members: all.slice(1) }, "waits"],
  ] as const)
    it(what, () => assert.equal(roleTold("rabbit@a", told), role));
});
