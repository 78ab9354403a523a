import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type PendingRead, type PendingWrite, packRead, type Reply } from "../../../api/batching/pending.ts";
import { submitStrongRead } from "../../../api/requests/strong-read.ts";
import type { RefusalBody } from "../../../core/errors.ts";
import type { DecodedAnswer } from "../../../core/messages/queues.ts";

class Waiter implements Reply {
  readonly heard: string[] = [];
  answered({ ok, body, position }: DecodedAnswer, worker: string) {
    this.heard.push(`${ok ? "ok" : "no"} ${body.toString()} at ${position} by ${worker}`);
  }
  refused({ code }: RefusalBody) {
    this.heard.push(code);
  }
}

describe("a strong read", () => {
  const read = (reply: Reply): PendingRead => ({
    ...packRead({ shape: { kind: "count", table: "t" }, params: [] }),
    minPosition: 3,
    deadlineAtMs: 11_000,
    deadlineMs: 5_011_000,
    bytes: 10,
    reply,
  });

  it("first takes a place in the log, then asks for a copy that has reached it", () => {
    const reads: PendingRead[] = [];
    const writes: PendingWrite[] = [];
    const reply = new Waiter();
    submitStrongRead(read(reply), { submit: (p) => reads.push(p) }, { submit: (p) => writes.push(p) });
    assert.deepEqual([writes[0]?.shape, writes[0]?.rows], ['{"kind":"barrier"}', "[[]]"]);
    assert.deepEqual(reads, []);
    writes[0]?.reply.answered({ index: 0, ok: true, position: 12, body: Buffer.from("{}") }, "w-1");
    assert.deepEqual(reads, [{ ...read(reply), minPosition: 12 }]);
    assert.deepEqual(reply.heard, []);
  });

  it("is refused when its place cannot be had", () => {
    const writes: PendingWrite[] = [];
    const refused = new Waiter();
    const answered = new Waiter();
    for (const reply of [refused, answered])
      submitStrongRead(read(reply), { submit: () => assert.fail() }, { submit: (p) => writes.push(p) });
    writes[0]?.reply.refused({ code: "unavailable", message: "" });
    writes[1]?.reply.answered({ index: 0, ok: false, body: Buffer.from("{}"), position: 0 }, "w-1");
    assert.deepEqual([refused.heard, answered.heard], [["unavailable"], ["no {} at 0 by w-1"]]);
  });
});
