import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Confirmation, witnessQueueOf } from "../../../../core/messages/queues.ts";
import { systemClock } from "../../../../platform/process/clock.ts";
import { Confirming } from "../../../../worker/copy/confirming.ts";

describe("a slave's word", () => {
  it("is given when its disk has what it tells of, for all that came meanwhile, and again when nothing comes", async () => {
    let position = 1;
    let synced = 0;
    const words: Confirmation[] = [];
    const stop = new AbortController();
    const confirming = new Confirming({
      worker: "w-2",
      host: "b",
      ledger: {
        copyId: "b",
        get applied() {
          return { epoch: 3, position, offset: position, checksum: "" };
        },
        sync: async () => {
          synced = position;
          // Applied while the disk was at work.
          if (position === 2) position = 3;
        },
      },
      rabbit: {
        send: (queue, content) => {
          assert.equal(queue, witnessQueueOf(3));
          const word = JSON.parse(content.toString()) as Confirmation;
          assert.ok(word.position <= synced);
          words.push(word);
          if (words.length === 1) {
            position = 2;
            confirming.wake();
          } else if (words.length === 4) stop.abort();
          return true;
        },
      },
      time: systemClock,
    });
    await confirming.run(stop.signal);
    assert.deepEqual(
      words.map((word) => word.position),
      [1, 2, 3, 3],
    );
    assert.ok(words.every((word) => word.worker === "w-2" && word.copyId === "b"));
  });
});
