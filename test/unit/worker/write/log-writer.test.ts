import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checksumOf } from "../../../../core/log/record.ts";
import { systemClock } from "../../../../platform/process/clock.ts";
import type { LogEntry } from "../../../../worker/ports.ts";
import type { NewRecord } from "../../../../worker/write/draft.ts";
import { LogWriter } from "../../../../worker/write/log-writer.ts";

const epoch = 3;
const recordOf = (text: string): NewRecord => ({ content: Buffer.from(text), epoch });

/** A master whose copy holds the log up to offset 6, and a log that gives back what it is made to. */
function master() {
  const applied = { epoch, position: 5, offset: 6, checksum: "" };
  const back: LogEntry[] = [];
  let arrived: () => void = () => undefined;
  const ended = new AbortController();
  const writer = new LogWriter({
    rabbit: { ended: ended.signal, publish: async () => undefined },
    reader: {
      next: async (signal) => {
        while (back.length === 0 && !signal.aborted)
          await new Promise<void>((resolve) => {
            arrived = resolve;
            signal.addEventListener("abort", () => resolve(), { once: true });
          });
        return back.splice(0, 1);
      },
      take: () => [],
      onArrival: () => undefined,
    },
    judge: () => "apply",
    ledger: { applied },
    time: systemClock,
  });
  return {
    writer,
    end: () => ended.abort(new Error("connection lost")),
    comesBack: ({ content }: NewRecord, offset: number) => {
      const record = { kind: "marker", epoch, after: 5, master: "w-1", atMs: 0 } as const;
      back.push({ offset, checksum: checksumOf(content), record });
      arrived();
    },
  };
}

describe("the end of the log as its master knows it", () => {
  it("is where its copy stands while nothing is under way", async () => {
    assert.equal(await master().writer.end(), 6);
  });

  it("is told once the record that is under way has come back, and is that one's place", async () => {
    const { writer, comesBack } = master();
    const told: number[] = [];
    const appended = writer.append(recordOf("a"));
    const ending = writer.end().then((end) => told.push(end));
    await new Promise(setImmediate);
    assert.deepEqual(told, []);
    comesBack(recordOf("a"), 9);
    await Promise.all([appended, ending]);
    assert.deepEqual(told, [9]);
    assert.equal(await writer.end(), 9, "though its copy has not committed it yet");
  });

  it("is not known when that record does not come back", async () => {
    const { writer, end } = master();
    const appended = assert.rejects(writer.append(recordOf("a")), /did not come back/);
    const ending = assert.rejects(writer.end(), /did not come back/);
    end();
    await Promise.all([appended, ending]);
  });
});
