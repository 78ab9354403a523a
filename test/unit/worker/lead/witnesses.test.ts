import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TransientError } from "../../../../core/errors.ts";
import { type Confirmation, witnessQueueOf } from "../../../../core/messages/queues.ts";
import type { BrokerConnection, Delivery } from "../../../../platform/rabbitmq/port.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { Witnesses } from "../../../../worker/lead/witnesses.ts";

const log = createLog({ program: "w-1", format: "json", level: "silent" });
const at = (position: number) => ({ epoch: 3, position });

type Word = readonly [worker: string, host: string, position: number, copyId?: string];

const contentOf = ([worker, host, position, copyId]: Word): string =>
  JSON.stringify({
    worker,
    copyId: copyId ?? `${worker}'s`,
    host,
    ...at(position),
  } satisfies Confirmation);
const copies = (...names: readonly string[]) => names.map((name) => ({ name, copyId: `${name}'s` }));

/** A master on host a whose copy is at position 10. */
async function master({ host = "a", words = [] }: { host?: string; words?: readonly Word[] } = {}) {
  let own = at(10);
  let onWord: (delivery: Delivery) => void = () => assert.fail("nobody listens");
  const deliver = (content: string) => onWord({ content: Buffer.from(content) } as Delivery);
  const say = (word: Word) => deliver(contentOf(word));
  const queues: (string | undefined)[] = [];
  const broker: Pick<BrokerConnection, "declareTemporary" | "consume"> = {
    declareTemporary: async (name) => {
      queues.push(name);
      return name ?? "";
    },
    consume: async (_queue, _options, onDelivery) => {
      onWord = onDelivery;
      return { cancel: async () => undefined, close: async () => undefined };
    },
  };
  let nowMs = 100_000;
  const pass = async (ms: number): Promise<void> => {
    nowMs += ms;
  };
  const time = { monotonicMs: () => nowMs, sleep: pass, after: () => () => undefined };
  const witnesses = await Witnesses.gather(broker, 3, { host, own: () => own, time, log });
  for (const word of words) say(word);
  await witnesses.first(new AbortController().signal);
  const answers: number[] = [];
  return {
    witnesses,
    answers,
    queues,
    deliver,
    hear: (...word: Word) => say(word),
    passedMs: () => nowMs,
    /** Time goes by, and the master looks again. */
    later: async (ms: number) => {
      nowMs += ms;
      await witnesses.changed(0, new AbortController().signal);
    },
    write: () => {
      const place = at(own.position + 1);
      own = place;
      witnesses.whenWitnessed(place, 1_000_000, () => answers.push(place.position));
    },
    note: () => {
      const noted = witnesses.toNote();
      return { noted, written: () => witnesses.isNoted(noted) };
    },
  };
}

describe("a master's answers", () => {
  it("wait for nothing while no witness is listed", async () => {
    const { write, answers } = await master();
    write();
    assert.deepEqual(answers, [11]);
  });

  it("wait for a listed witness, and go out in the order of their writes", async () => {
    const { witnesses, write, answers, hear, note } = await master();
    hear("w-2", "b", 10);
    assert.ok(witnesses.isOutdated);
    const { noted, written } = note();
    assert.deepEqual(noted, { place: at(10), witnesses: copies("w-2") });
    written();
    for (let i = 0; i < 3; i++) write();
    assert.deepEqual(answers, []);
    hear("w-2", "b", 12);
    assert.deepEqual(answers, [11, 12]);
    hear("w-2", "b", 13);
    assert.deepEqual(answers, [11, 12, 13]);
  });

  it("wait for a witness as soon as its name may stand in ZooKeeper, whether the write there has arrived or not", async () => {
    const { write, answers, hear, note } = await master();
    hear("w-2", "b", 10);
    note();
    write();
    assert.deepEqual(answers, []);
    hear("w-3", "c", 11);
    const second = note();
    assert.deepEqual(second.noted.witnesses, copies("w-2", "w-3"));
    hear("w-2", "b", 11);
    assert.deepEqual(answers, [11]);
  });

  it("do not count what is on the master's own host", async () => {
    const { witnesses, hear, note } = await master();
    hear("w-2", "a", 10);
    assert.ok(!witnesses.isOutdated);
    assert.deepEqual(note().noted.witnesses, []);
  });

  it("are told of in ZooKeeper up to where a witness has all, and never less than was answered", async () => {
    const { write, hear, note } = await master();
    hear("w-2", "b", 10);
    note().written();
    write();
    assert.deepEqual(note().noted.place, at(10));
    hear("w-2", "b", 11);
    hear("w-2", "b", 4);
    assert.deepEqual(note().noted.place, at(11));
  });

  it("wait for a witness from the first one on, when it has applied the marker by then", async () => {
    const { witnesses, note, write, answers } = await master({ words: [["w-2", "b", 10]] });
    assert.ok(witnesses.isOutdated);
    note().written();
    write();
    assert.deepEqual(answers, []);
  });

  it("wait for three seconds and a half: then the master goes on alone, and for a while takes no witness", async () => {
    const { witnesses, hear, note, write, answers, later, passedMs } = await master();
    hear("w-2", "b", 10);
    note().written();
    write();
    await later(3_400);
    assert.deepEqual([witnesses.isOutdated, answers], [false, []]);
    await later(100);
    assert.ok(witnesses.isOutdated);
    // ZooKeeper is away: until it can be noted there is no reason to look again at once.
    const beganMs = passedMs();
    for (let look = 0; look < 3; look++) await witnesses.changed(500, new AbortController().signal);
    assert.ok(passedMs() - beganMs >= 1_000);
    const { noted, written } = note();
    assert.deepEqual([noted.witnesses, answers], [[], []]);
    written();
    assert.deepEqual(answers, [11]);
    hear("w-2", "b", 11);
    assert.ok(!witnesses.isOutdated);
    await later(10_000);
    hear("w-2", "b", 11);
    assert.deepEqual(note().noted.witnesses, copies("w-2"));
  });

  it("wait for one that is close under a load that does not pause, until it has all and can be listed", async () => {
    const { witnesses, hear, note, write, answers } = await master();
    write();
    hear("w-2", "b", 10);
    assert.ok(!witnesses.isOutdated, "it has not what was answered");
    write();
    assert.deepEqual(answers, [11]);
    hear("w-2", "b", 11);
    assert.deepEqual(note().noted, { place: at(11), witnesses: copies("w-2") });
  });

  it("do not wait for one that still has a long way through the log", async () => {
    const { hear, write, answers, later } = await master();
    for (let tick = 0; tick < 3; tick++) {
      write();
      await later(500);
    }
    hear("w-2", "b", 10);
    write();
    assert.deepEqual(answers, [11, 12, 13, 14]);
    hear("w-2", "b", 13);
    write();
    assert.deepEqual(answers, [11, 12, 13, 14]);
  });

  it("wait no longer for one that is never close enough", async () => {
    const { hear, write, answers, later } = await master();
    write();
    hear("w-2", "b", 10);
    write();
    await later(3_500);
    assert.deepEqual(answers, [11, 12]);
    write();
    assert.deepEqual(answers, [11, 12, 13]);
  });

  it("wait a second, no more, where every witness has been silent for all of the time that one is waited for", async () => {
    const { witnesses, hear, note, write, later, answers } = await master();
    hear("w-2", "b", 10);
    hear("w-3", "c", 10);
    note().written();
    const passes = async (ms: number) => {
      await later(ms);
      if (witnesses.isOutdated) note().written();
    };
    // One that speaks has its time, also when the other one is lost.
    await passes(3_000);
    hear("w-3", "c", 10);
    await passes(500);
    write();
    await passes(1_000);
    await passes(1_000);
    assert.deepEqual(answers, []);
    hear("w-3", "c", 11);
    assert.deepEqual(answers, [11]);
    // The log had no leader for so long: the write comes late.
    await passes(3_000);
    write();
    await passes(900);
    assert.deepEqual(answers, [11]);
    await passes(100);
    assert.deepEqual(answers, [11, 12]);
  });

  it("wait for the copy that is listed, and not for another one that its worker has begun since", async () => {
    const { witnesses, hear, note, write, answers } = await master();
    hear("w-2", "b", 10);
    note().written();
    write();
    hear("w-2", "b", 11, "another");
    assert.deepEqual(answers, []);
    assert.ok(witnesses.isOutdated);
    const { noted, written } = note();
    assert.deepEqual(noted.witnesses, [{ name: "w-2", copyId: "another" }]);
    assert.deepEqual(answers, []);
    written();
    assert.deepEqual(answers, [11]);
  });

  it("are not given any more once it has ended, whatever is heard and noted since", async () => {
    const { witnesses, hear, note, write, later, answers } = await master();
    hear("w-2", "b", 10);
    note().written();
    write();
    witnesses.close();
    hear("w-2", "b", 11);
    note().written();
    await later(4_000);
    await later(500);
    note().written();
    assert.deepEqual(answers, []);
    assert.throws(write, /has ended/);
  });

  it("are not made ready without a bound while they wait", async () => {
    const { witnesses, hear, note, write } = await master();
    hear("w-2", "b", 10);
    note().written();
    for (let i = 0; i < 17; i++) write();
    assert.ok(witnesses.isFull);
    hear("w-2", "b", 27);
    assert.ok(!witnesses.isFull);
  });

  it("are left to the next master when the broker makes no queue for their witnesses within three seconds", async () => {
    const broker = {
      declareTemporary: () => new Promise<string>(() => undefined),
      consume: () => assert.fail("there is no queue"),
    };
    const time = {
      monotonicMs: () => 0,
      sleep: async () => undefined,
      after: (ms: number, run: () => void) => {
        assert.equal(ms, 3_000);
        setImmediate(run);
        return () => undefined;
      },
    };
    const options = { host: "a", own: () => at(10), time, log };
    await assert.rejects(Witnesses.gather(broker, 3, options), TransientError);
  });

  it("heed no message that nobody can read", async () => {
    const { witnesses, queues, deliver } = await master();
    assert.deepEqual(queues, [witnessQueueOf(3)]);
    deliver("not a word");
    assert.ok(!witnesses.isOutdated);
  });
});
