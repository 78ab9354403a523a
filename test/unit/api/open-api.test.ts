import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { packRead } from "../../../api/batching/pending.ts";
import { openApi } from "../../../api/open-api.ts";
import { TransientError } from "../../../core/errors.ts";
import { systemClock } from "../../../platform/process/clock.ts";
import { createLog } from "../../../platform/telemetry/log.ts";

const refuse = () => Promise.reject(new TransientError("nothing is there"));

describe("an API that cannot reach its world", () => {
  it("listens, says what is missing, refuses requests when their time is up, and closes", async () => {
    const api = await openApi({
      id: "api-0",
      cluster: "test",
      manifestFile: undefined,
      manifestIn: "file",
      openBroker: refuse,
      openZnodeSession: refuse,
      lackOfZooKeeper: async () => "a does not answer; 2 of 3 are needed",
      clock: systemClock,
      newId: () => "0123456789abcdef",
      log: createLog({ program: "api", format: "json", level: "silent" }),
      tracing: undefined,
    });
    try {
      const port = await api.server.listen(0);
      const response = await fetch(`http://127.0.0.1:${port}/readyz`);
      const { error } = (await response.json()) as { readonly error: { readonly message: string } };
      assert.deepEqual(
        [response.status, error.message],
        [
          503,
          "missing: the message broker, the coordination service (a does not answer; 2 of 3 are needed), a master",
        ],
      );
      const code = await new Promise((resolve) =>
        api.reads.submit({
          ...packRead({ shape: { kind: "count", table: "t" }, params: [] }),
          bytes: 10,
          deadlineAtMs: systemClock.monotonicMs(),
          deadlineMs: systemClock.now(),
          reply: { answered: () => resolve("answered"), refused: (refusal) => resolve(refusal.code) },
        }),
      );
      assert.equal(code, "unavailable");
    } finally {
      await api.close();
    }
  });
});
