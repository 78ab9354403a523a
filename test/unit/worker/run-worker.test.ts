import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TerminalError, TransientError } from "../../../core/errors.ts";
import { pathsOf } from "../../../core/state/znodes.ts";
import { createLog } from "../../../platform/telemetry/log.ts";
import { Measures } from "../../../worker/measures.ts";
import { runWorker } from "../../../worker/run-worker.ts";
import { systemDisk } from "../../../worker/system-disk.ts";
import { impatientClock } from "../../fakes/impatient-clock.ts";

describe("a worker that cannot reach its world", () => {
  it("tries again later each time, rarely after what an operator must settle, until it is told to stop", async () => {
    const { clock, slept, signal } = impatientClock(4);
    const refusals = [
      new TransientError("open a RabbitMQ connection"),
      new TransientError("open a RabbitMQ connection"),
      new TerminalError("queue writeQ exists with other properties"),
    ];
    const measures = new Measures();
    await runWorker(
      {
        name: "w-1",
        container: "container",
        host: undefined,
        end: () => undefined,
        disk: systemDisk,
        directory: "/nowhere",
        paths: pathsOf("test"),
        openBroker: async () => {
          throw refusals.shift() ?? new TransientError("open a RabbitMQ connection");
        },
        openZnodeSession: () => assert.fail("a worker without a broker must not be seen by an election"),
        clock,
        newId: () => "id",
        log: createLog({ program: "w-1", format: "json", level: "silent" }),
        measures,
        tracing: undefined,
      },
      signal,
    );
    assert.deepEqual(slept, [100, 200, 15_000, 800]);
    assert.equal(measures.sessions, 4);
  });
});
