import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Scratch } from "../../../../platform/rabbitmq/scratch.ts";

const unknown = `NOT_FOUND - no queue 'syncQ' in vhost '/'`;

/** What a broker says with the same code of a queue that it has. */
const outOfReach = [
  `NOT_FOUND - failed to perform operation on queue 'syncQ' in vhost '/': its master replica <1.2.0> may be stopping or being demoted`,
  `NOT_FOUND - failed to perform operation on queue 'syncQ' in vhost '/' due to timeout`,
  `NOT_FOUND - home node 'rabbit@rabbitmq-1' of durable queue 'syncQ' in vhost '/' is down or inaccessible`,
  `NOT_FOUND - queue 'syncQ' in vhost '/' process is stopped by supervisor`,
  `NOT_FOUND - queue 'syncQ' in vhost '/' has crashed and failed to restart`,
];

const answering = (refusal?: string) =>
  new Scratch(async () => ({
    on: () => undefined,
    close: async () => undefined,
    checkQueue: async () => {
      if (refusal === undefined) return;
      const message = `Operation failed: QueueDeclare; 404 (NOT-FOUND) with message "${refusal}"`;
      throw Object.assign(new Error(message), { code: 404 });
    },
  }));

describe("whether there is a queue", () => {
  it("is what the broker says of it", async () => {
    assert.equal(await answering().exists("syncQ"), true);
    assert.equal(await answering(unknown).exists("syncQ"), false);
  });

  for (const said of outOfReach)
    it(`is not known when the broker says: ${said.slice("NOT_FOUND - ".length)}`, async () => {
      await assert.rejects(answering(said).exists("syncQ"), { code: 404 });
    });
});
