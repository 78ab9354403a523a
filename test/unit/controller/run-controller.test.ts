import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { noFailpoint } from "../../../controller/failpoint.ts";
import { Measures } from "../../../controller/measures.ts";
import { runController } from "../../../controller/run-controller.ts";
import { TransientError } from "../../../core/errors.ts";
import { createLog } from "../../../platform/telemetry/log.ts";
import { impatientClock } from "../../fakes/impatient-clock.ts";

describe("a controller that cannot reach ZooKeeper", () => {
  it("tries again later each time until it is told to stop, and touches no engine", async () => {
    const { clock, slept, signal } = impatientClock(3);
    const noEngine = () => assert.fail("nothing may be done without a session");
    await runController(
      {
        settings: { cluster: "test", image: "image", network: "network", environment: {} },
        manifest: { state: { spec: null, problem: null, waiting: null }, onChange: () => undefined },
        firstManifest: undefined,
        engineOpener: { uid: noEngine, open: noEngine },
        hostReporter: null,
        sessionTimeoutMs: 4_000,
        openZnodeSession: () => Promise.reject(new TransientError("open a ZooKeeper session")),
        place: { host: "here", pid: 1, isAlive: () => true },
        clock,
        newId: () => "id",
        failpoint: noFailpoint,
        log: createLog({ program: "controller", format: "json", level: "silent" }),
        measures: new Measures(),
        tracing: undefined,
      },
      signal,
    );
    assert.deepEqual(slept, [250, 500, 1_000]);
  });
});
