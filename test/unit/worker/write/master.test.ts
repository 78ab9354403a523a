// A master on a real copy, with a broker and a log that take everything it gives them.
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it, type TestContext } from "node:test";
import { checksumOf, decodeRecord, judge } from "../../../../core/log/record.ts";
import {
  decodeAnswers,
  decodeWriteBatch,
  encodeBatch,
  queues,
  type WriteBatch,
} from "../../../../core/messages/queues.ts";
import type { WriteShape, WriteStatement } from "../../../../core/messages/statement.ts";
import { systemClock } from "../../../../platform/process/clock.ts";
import { sleep, within } from "../../../../platform/process/waiting.ts";
import type { Delivery } from "../../../../platform/rabbitmq/port.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import type { Store } from "../../../../worker/copy/store.ts";
import type { Broker, Feed, Ledger, LogEntry, Suspicion } from "../../../../worker/ports.ts";
import { ledgerOf } from "../../../../worker/write/ledger.ts";
import { LogWriter } from "../../../../worker/write/log-writer.ts";
import { runMaster } from "../../../../worker/write/master.ts";
import { FaultyWriteError } from "../../../../worker/write/undone-writes.ts";
import { nothingBeside } from "../../../fakes/commits.ts";
import { insertion, openCopy } from "../copies.ts";
import { shop } from "../schemas.ts";

const log = createLog({ program: "w-1", format: "json", level: "silent" });
const answerWithinMs = 60_000;

interface Told {
  readonly request: string;
  readonly ok: boolean;
  readonly code?: string;
  readonly message?: string;
}

interface MasterWorld {
  readonly store: Store;
  /** In the order in which they were given. */
  readonly told: Told[];
  readonly published: { readonly queue: string; readonly content: Buffer }[];
  readonly acked: string[];
  readonly blamed: string[];
  readonly begun: (readonly string[])[];
  deliver(id: string, statements: readonly WriteStatement[], how?: Partial<WriteBatch & Delivery>): void;
  until(done: () => boolean, what: string): Promise<void>;
  /** The master's time goes on by this. */
  pass(ms: number): void;
  readonly ended: Promise<void>;
}

interface Options {
  readonly verdict?: { readonly guilty?: readonly string[]; readonly undecided?: readonly string[] };
  readonly queryMs?: number;
  readonly ledger?: (ledger: Ledger) => Ledger;
}

async function master(t: TestContext, { verdict = {}, queryMs = 2_000, ledger }: Options = {}) {
  const stop = new AbortController();
  // Before the copy is closed: what runs there then is not interrupted any more.
  t.after(async () => {
    stop.abort("over");
    await ended.catch(() => undefined);
  });
  const store = await openCopy(t, shop);
  const told: Told[] = [];
  const published: { queue: string; content: Buffer }[] = [];
  const [acked, blamed]: [string[], string[]] = [[], []];
  const begun: (readonly string[])[] = [];
  const arrived: LogEntry[] = [];
  const events = new EventTarget();
  const changed = () => events.dispatchEvent(new Event("change"));
  let deliverTo: (delivery: Delivery) => void = () => undefined;
  let passedMs = 0;
  const rabbit: Broker = {
    ended: new AbortController().signal,
    publish: async (queue, content) => {
      published.push({ queue, content });
      if (queue === queues.write) throw new Error("the queue is full");
      if (queue !== queues.sync) return;
      arrived.push({
        record: decodeRecord(content),
        offset: 100 + published.length,
        checksum: checksumOf(content),
      });
      changed();
    },
    cleared: () => undefined,
    send: (_queue, content, { correlationId } = {}) => {
      for (const { index, ok, body } of decodeAnswers(content).answers)
        told.push({ request: `${correlationId}#${index}`, ok, ...JSON.parse(body.toString()) });
      changed();
      return true;
    },
    consume: async (_queue, _options, onDelivery) => {
      deliverTo = onDelivery;
      return { cancel: async () => undefined, close: async () => undefined };
    },
  };
  const reader: Feed = {
    take: () => arrived.splice(0),
    onArrival: () => undefined,
    next: async (signal, most) => {
      while (arrived.length === 0 && !signal.aborted) await once(events, "change", { signal });
      return arrived.splice(0, most);
    },
  };
  const suspects: Suspicion = {
    begin: async (ids) => {
      begun.push(ids);
      const among = (some: readonly string[] = []) => new Set(some.filter((id) => ids.includes(id)));
      return { guilty: among(verdict.guilty), undecided: among(verdict.undecided) };
    },
    blame: async (ids) => void blamed.push(...ids),
  };
  const real = ledgerOf(store);
  const time = { ...systemClock, now: () => performance.now() + passedMs };
  const ended = runMaster(
    {
      rabbit,
      ledger: ledger?.(real) ?? real,
      writer: new LogWriter({ rabbit, reader, judge, ledger: real, time }),
      reader,
      time,
      suspects,
      epoch: 1,
      worker: "w-1",
      log,
      queryMs: () => queryMs,
      logTime: () => 0,
      ...nothingBeside,
    },
    stop.signal,
  );
  ended.catch(() => undefined);
  await sleep(0);
  const world: MasterWorld = {
    store,
    told,
    published,
    acked,
    blamed,
    begun,
    ended,
    deliver: (id, statements, how = {}) => {
      const shapes: WriteShape[] = [];
      const items = statements.map(({ shape, rows }, index) => {
        if (!shapes.includes(shape)) shapes.push(shape);
        return { index, shape: shapes.indexOf(shape), rows, key: `${id}#${index}` };
      });
      // No client goes away unless a test says when.
      const { attempt = 1, deadlineMs = Number.MAX_SAFE_INTEGER, sentAtMs = 0, redelivered = false } = how;
      deliverTo({
        content: encodeBatch({ v: 1, deadlineMs, sentAtMs, attempt, shapes, items }),
        redelivered,
        correlationId: id,
        replyTo: queues.response,
        streamOffset: -1,
        traceparent: undefined,
        ack: () => {
          acked.push(id);
          changed();
        },
        requeue: () => assert.fail("a message was put back"),
      });
    },
    until: async (done, what) => {
      const waiting = async () => {
        while (!done()) await once(events, "change");
      };
      await within(waiting(), answerWithinMs, what);
    },
    pass: (ms) => {
      passedMs += ms;
    },
  };
  return world;
}

const person = (name: string) => insertion("people", ["name"], [name]);
const tea = insertion("orders", ["item"], ["tea"]);
const barrier: WriteStatement = { shape: { kind: "barrier" }, rows: [] };
const orders = async ({ store }: MasterWorld) => (await store.writer.all("SELECT id FROM orders")).length;

describe("a message that comes to a master again", () => {
  it("is worked on where it is: nothing of it goes back to the queue, which may be full", async (t) => {
    const world = await master(t);
    const many = Array.from({ length: 128 }, () => tea);
    world.deliver("m", many, { redelivered: true });
    await world.until(() => world.acked.includes("m"), "all are answered");
    assert.equal(world.told.filter(({ ok }) => ok).length, 128);
    assert.equal(await orders(world), 128);
    assert.ok(world.published.every(({ queue }) => queue === queues.sync));
    assert.ok(
      world.begun.every((ids) => ids.length <= 8),
      "a few share the blame",
    );
  });

  it("only gets its answers where its requests were applied before", async (t) => {
    const world = await master(t);
    world.deliver("m", [tea, tea]);
    await world.until(() => world.acked.length === 1, "answered");
    world.deliver("m", [tea, tea, tea], { redelivered: true });
    await world.until(() => world.acked.length === 2, "answered again");
    assert.equal(await orders(world), 3);
    assert.deepEqual(world.begun, [["m#2"]]);
  });

  it("is not held up by the requests of others, nor holds them up", async (t) => {
    const world = await master(t);
    world.deliver(
      "old",
      Array.from({ length: 64 }, () => tea),
      { redelivered: true },
    );
    world.deliver("new", [person("ada")]);
    await world.until(() => world.acked.length === 2, "both are answered");
    assert.equal(world.acked[0], "new");
  });
});

describe("a suspect", () => {
  it("that took a worker down is refused for good, and a copy of it alone is kept", async (t) => {
    const world = await master(t, { verdict: { guilty: ["m#1"] } });
    world.deliver("m", [person("ada"), tea], { redelivered: true });
    await world.until(() => world.acked.includes("m"), "answered");
    assert.equal(world.told.find(({ request }) => request === "m#1")?.code, "poison_request");
    const dead = world.published.find(({ queue }) => queue === queues.dead);
    const { shapes, items } = decodeWriteBatch(dead?.content ?? Buffer.from(""));
    assert.deepEqual([shapes, items.map(({ index }) => index)], [[tea.shape], [1]]);
    world.deliver("m", [person("ada"), tea], { redelivered: true });
    await world.until(() => world.acked.length === 2, "answered again");
    assert.equal(world.told.at(-1)?.code, "poison_request");
    assert.equal(await orders(world), 0);
  });

  it("whose worker is out of reach is answered that its fate is unknown, and nothing is kept", async (t) => {
    const verdict = { undecided: ["m#0"] };
    const world = await master(t, { verdict });
    world.deliver("m", [tea], { attempt: 2 });
    await world.until(() => world.acked.length === 1, "answered");
    assert.equal(world.told[0]?.code, "unavailable");
    verdict.undecided = [];
    world.deliver("m", [tea], { attempt: 2 });
    await world.until(() => world.acked.length === 2, "answered again");
    assert.equal(world.told[1]?.ok, true);
  });

  it("at which this program fails is blamed, and those beside it are not: the next master refuses it", async (t) => {
    const unknown = { shape: { kind: "explode", table: "orders" }, rows: [[]] } as unknown as WriteStatement;
    const world = await master(t, {});
    world.deliver("m", [unknown, tea], { redelivered: true });
    await assert.rejects(world.ended, FaultyWriteError);
    assert.deepEqual(world.blamed, ["m#0"]);
    const next = await master(t, { verdict: { guilty: ["m#0"] } });
    next.deliver("m", [unknown, tea], { redelivered: true });
    await next.until(() => next.acked.includes("m"), "answered");
    assert.equal(next.told.find(({ request }) => request === "m#0")?.code, "poison_request");
    assert.equal(await orders(next), 1);
  });
});

describe("a request whose client has gone", () => {
  it("is dropped, also with a key", async (t) => {
    const world = await master(t, { queryMs: 5_000 });
    await filled(world);
    world.deliver("slow", [slow(0)]);
    world.deliver("late", [tea], { deadlineMs: 1_000 });
    world.pass(2_000);
    world.deliver("next", [person("eve")]);
    await world.until(() => world.acked.includes("next") && world.acked.includes("late"), "settled");
    assert.equal(await orders(world), 0);
    assert.ok(!world.told.some(({ request }) => request.startsWith("late")));
  });
});

const rowsOfText = 3_000;
const filled = (world: MasterWorld): Promise<unknown> => {
  const rows = Array.from({ length: rowsOfText }, (_, i) => ["a".repeat(1_000) + i]);
  return world.store.writer.run(
    "INSERT INTO people (name) SELECT value ->> 0 FROM json_each(?1)",
    JSON.stringify(rows),
  );
};

/** Compares each name with patterns that nearly match at each of its letters. Each has a shape of its own. */
const slow = (n: number, compared = 5): WriteStatement => {
  const patterns = Array.from({ length: compared }, (_, i) => `%${"a".repeat(160)}${i}x`);
  const nearly = patterns.map((_, param) => ({ op: "like", column: "name", param }) as const);
  const always = Array.from({ length: n }, () => ({ op: "const", value: true }) as const);
  const where = { op: "and", of: [{ op: "or", of: nearly }, ...always] } as const;
  return { shape: { kind: "delete", table: "people", where }, rows: [patterns] };
};

describe("a slow write", () => {
  it("keeps no other waiting for more than its own turn, however many there are", async (t) => {
    const world = await master(t, { queryMs: 150 });
    await filled(world);
    const writes = [slow(0), slow(1), slow(2), slow(3), tea];
    world.deliver("m", writes);
    await world.until(() => world.acked.includes("m"), "all are answered");
    const order = world.told.map(({ request }) => request);
    // The first of them shows what they are like; a second one may already be under way.
    assert.ok(order.indexOf("m#4") <= 1, order.join());
    assert.equal(world.told.find(({ request }) => request === "m#4")?.ok, true);
    for (const { request, code } of world.told) if (request !== "m#4") assert.equal(code, "query_timeout");
  });

  it("that is refused stays refused under its key", async (t) => {
    const world = await master(t, { queryMs: 200 });
    await filled(world);
    world.deliver("m", [slow(0)]);
    await world.until(() => world.acked.length === 1, "refused");
    await world.store.writer.exec("DELETE FROM people");
    world.deliver("m", [slow(0)], { attempt: 2 });
    await world.until(() => world.acked.length === 2, "refused again");
    assert.deepEqual(world.told[1], world.told[0]);
    assert.equal(world.told[0]?.code, "query_timeout");
  });

  it("that finds no room to wait is told so, and the others go on", async (t) => {
    const world = await master(t, { queryMs: 100 });
    await filled(world);
    const writes = Array.from({ length: 20 }, (_, n) => slow(n));
    world.deliver("slow", writes);
    world.deliver("quick", [tea]);
    await world.until(() => world.acked.includes("quick"), "answered");
    assert.equal(await orders(world), 1);
    await world.until(() => world.told.some(({ code }) => code === "unavailable"), "told");
  });

  it("is interrupted, but a clear of the same data is not", async (t) => {
    const world = await master(t, { queryMs: 1 });
    await filled(world);
    const names = JSON.stringify(Array.from({ length: 50_000 }, (_, i) => `p${i}`));
    await world.store.writer.run("INSERT INTO people (name) SELECT value FROM json_each(?1)", names);
    // It would take minutes: only the interruption ends it, however late that comes.
    world.deliver("delete", [slow(0, 200)]);
    await world.until(() => world.acked.includes("delete"), "refused");
    assert.equal(world.told[0]?.code, "query_timeout");
    world.deliver("clear", [{ shape: { kind: "clear" }, rows: [] }, barrier]);
    await world.until(() => world.acked.includes("clear"), "cleared");
    assert.ok(world.told.every(({ request, ok }) => ok || request === "delete#0"));
    const [{ left } = { left: -1 }] = await world.store.writer.all("SELECT count(*) AS left FROM people");
    assert.equal(left, 0);
  });
});
