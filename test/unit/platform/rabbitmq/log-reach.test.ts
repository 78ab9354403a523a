import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { readsUpTo } from "../../../../platform/rabbitmq/log-reach.ts";

interface Message {
  readonly properties: { readonly headers: { readonly "x-stream-offset": number } };
}

const at = (offset: number): Message => ({ properties: { headers: { "x-stream-offset": offset } } });

type Answer = Message | "deleted" | "nothing" | Error;

/** A channel that answers so when the log is consumed. */
class Channel {
  readonly #answer: Answer;
  readonly asked: unknown[] = [];

  constructor(answer: Answer) {
    this.#answer = answer;
  }

  async prefetch(messages: number) {
    this.asked.push({ messages });
  }

  async consume(queue: string, onMessage: (message: Message | null) => void, options: object) {
    this.asked.push({ queue, ...options });
    const answer = this.#answer;
    if (answer instanceof Error) throw answer;
    if (answer !== "nothing") setImmediate(() => onMessage(answer === "deleted" ? null : answer));
  }
}

const refused = (code: number) => Object.assign(new Error(`refused with ${code}`), { code });

describe("whether the log has a record at a broker", () => {
  const reaches = (answer: Answer, offset = 7) => readsUpTo(new Channel(answer), offset);

  it("is asked from the record on, and one is taken at most", async () => {
    const channel = new Channel(at(7));
    assert.equal(await readsUpTo(channel, 7), true);
    assert.deepEqual(channel.asked, [
      { messages: 1 },
      { queue: "syncQ", arguments: { "x-stream-offset": 7 } },
    ]);
  });

  it("is true where the log begins behind it, and false where what comes stands before it", async () => {
    assert.deepEqual([await reaches(at(9)), await reaches(at(6))], [true, false]);
  });

  it("is false where the log has no running replica, does not exist, or is deleted under the question", async () => {
    for (const answer of [refused(406), refused(404), "deleted"] as const)
      assert.equal(await reaches(answer), false, String(answer));
  });

  it("is false where nothing comes within a second", async (t: TestContext) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const asking = reaches("nothing");
    await new Promise(setImmediate);
    t.mock.timers.tick(1_000);
    assert.equal(await asking, false);
  });

  it("is not known where the channel fails in another way", async () => {
    await assert.rejects(reaches(refused(541)), /refused with 541/);
  });
});
