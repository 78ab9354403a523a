import assert from "node:assert/strict";
import { test } from "node:test";
import { checkCopies } from "../../../../tools/torture/check/copies.ts";
import { checkLeftovers, type Remains } from "../../../../tools/torture/check/leftovers.ts";

const queue = (name: string, messages = 0) => ({ name, messages, consumers: 1 });

const tidy: Remains = {
  workersDesired: 2,
  containers: [
    { name: "w-1", running: true },
    { name: "w-2", running: true },
  ],
  workerNodes: ["w-1", "w-2"],
  pidNodes: ["w-2", "w-1"],
  drainNodes: [],
  openCommands: [],
  queues: [
    queue("readQ"),
    queue("writeQ"),
    queue("syncQ", 700),
    queue("responseQ"),
    queue("deadQ", 3),
    queue("bootQ", 1),
    queue("snapshot.one"),
    queue("snapshot.two"),
  ],
  queuesDesired: {
    lasting: ["readQ", "writeQ", "syncQ", "responseQ", "deadQ", "bootQ"],
    perProgram: [],
  },
};

const rules = (change: Partial<Remains>): readonly string[] =>
  checkLeftovers({ ...tidy, ...change }).map(({ rule }) => rule);

test("exactly what was asked for is good", () => {
  assert.deepEqual(rules({}), []);
});

const untidy: readonly (readonly [string, Partial<Remains>, readonly string[]])[] = [
  [
    "a dead container",
    { containers: [...tidy.containers, { name: "w-3", running: false }] },
    ["left over: orphan containers"],
  ],
  ["a znode of nobody", { workerNodes: ["w-1", "w-2", "w-3"] }, ["left over: worker znodes"]],
  ["a pid of nobody", { pidNodes: ["w-1"] }, ["left over: pid znodes"]],
  ["a drain mark", { drainNodes: ["w-2"] }, ["left over: orphan drain znodes"]],
  ["a command without an answer", { openCommands: ["command-1"] }, ["left over: unanswered commands"]],
  ["a temporary queue", { queues: [...tidy.queues, queue("amq.gen-x")] }, ["left over: orphan queues"]],
  [
    "a snapshot queue of a dead worker",
    { queues: [...tidy.queues, queue("snapshot.old")] },
    ["left over: snapshot queues"],
  ],
  [
    "a queue that is not emptied",
    { queues: [queue("readQ", 4), ...tidy.queues.slice(1)] },
    ["left over: queues that are not emptied"],
  ],
  ["a queue that is gone", { queues: tidy.queues.slice(1) }, ["left over: missing queues"]],
];

for (const [what, change, expected] of untidy)
  test(`${what} is told`, () => {
    assert.deepEqual(rules(change), expected);
  });

test("too many workers are told", () => {
  assert.ok(rules({ workersDesired: 1 }).includes("left over: workers"));
});

const copy = (worker: string, position: number, sha256: string) => ({
  worker,
  position,
  epoch: 1,
  tables: { ledger: { rows: 1, sha256 } },
});

test("copies at one position with one content are good; any difference is told", () => {
  const all = (...copies: ReturnType<typeof copy>[]) => checkCopies(copies).map(({ rule }) => rule);
  assert.deepEqual(all(copy("w-1", 4, "x"), copy("w-2", 4, "x")), []);
  assert.deepEqual(all(copy("w-1", 4, "x"), copy("w-2", 4, "y")), ["copies differ"]);
  assert.deepEqual(all(copy("w-1", 4, "x"), copy("w-2", 3, "x")), ["copies stand at different positions"]);
  assert.deepEqual(all(), ["no copy"]);
});
