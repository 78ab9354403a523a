// A read at which a slave fails, not because of its copy or its connections: the session ends, the process goes on, and withdraws what it
// had noted. Unless it blames the read, one slave after the other fails at it, for ever.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TransientError } from "../../../../core/errors.ts";
import { decodeAnswers, encodeBatch, queues } from "../../../../core/messages/queues.ts";
import { systemClock } from "../../../../platform/process/clock.ts";
import type { Delivery } from "../../../../platform/rabbitmq/port.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import type { Broker, Suspicion } from "../../../../worker/ports.ts";
import { runSlave } from "../../../../worker/read/slave.ts";

const shapes = [{ kind: "count", table: "t" } as const];
const suspect = encodeBatch({
  v: 1,
  deadlineMs: 0,
  attempt: 2,
  shapes,
  items: [{ index: 0, shape: 0, params: [] }],
});

const deliveryOf = (redelivered: boolean, ack: () => void): Delivery => ({
  content: suspect,
  redelivered,
  correlationId: "c",
  replyTo: "r",
  streamOffset: -1,
  traceparent: undefined,
  ack,
  requeue: () => undefined,
});

/** Slaves that get the same message one after the other, until one acknowledges it; each fails at what it carries out. */
async function deliveredUntilTaken(failure: Error, slavesMost: number) {
  const answers: string[] = [];
  const dead: string[] = [];
  const suspects = suspicion();
  let slaves = 0;
  for (let isTaken = false; !isTaken && slaves < slavesMost; slaves++) {
    const leave = new AbortController();
    const delivery = deliveryOf(slaves > 0, () => {
      isTaken = true;
      leave.abort();
    });
    const rabbit: Broker = {
      ended: new AbortController().signal,
      send: (_queue, content) => {
        for (const { body, position } of decodeAnswers(content).answers)
          answers.push(`${JSON.parse(String(body)).code} at ${position}`);
        return true;
      },
      cleared: () => undefined,
      publish: async (queue) => void dead.push(queue),
      consume: async (_queue, _options, onDelivery) => {
        setImmediate(() => onDelivery(delivery));
        return { cancel: async () => undefined, close: async () => undefined };
      },
    };
    const answer = (): Promise<never> => Promise.reject(failure);
    const running = runSlave({ ...quiet, suspects, rabbit, answer }, leave.signal);
    await running.catch((error) => assert.equal(error, failure));
  }
  return { slaves, answers, dead };
}

const quiet = {
  worker: "w-1",
  position: () => 7,
  log: createLog({ level: "silent", format: "json", program: "test" }),
  time: systemClock,
  onAtWork: () => undefined,
  onServed: () => undefined,
};

/** As all slaves see it, in ZooKeeper. */
function suspicion(): Suspicion {
  const blamed = new Set<string>();
  return {
    begin: async (ids) => ({ guilty: new Set(ids.filter((id) => blamed.has(id))), undecided: new Set() }),
    blame: async (ids) => {
      for (const id of ids) blamed.add(id);
    },
  };
}

describe("a read at which slaves fail", () => {
  it("by a fault of their program is refused by the second that gets it, and kept for an operator", async () => {
    const fault = new TypeError("Cannot read properties of undefined");
    assert.deepEqual(await deliveredUntilTaken(fault, 9), {
      slaves: 2,
      answers: ["poison_request at 7"],
      dead: [queues.dead],
    });
  });

  it("for a reason outside of it is blamed by none", async () => {
    const outside = new TransientError("the copy is being closed");
    assert.deepEqual(await deliveredUntilTaken(outside, 5), { slaves: 5, answers: [], dead: [] });
  });
});
