// Clients that go on writing and reading while something happens to the cluster, and know afterwards what they were told.
// Every write adds one ride under a text of its own; rides are numbered by the database, so that a write applied twice
// shows as two rows.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { equalCopies, rowsIn } from "../../tools/cluster/copies.ts";
import { workers } from "../../tools/cluster/workers.ts";
import { insertUsers, isSuccess, read, write } from "./database.ts";

const writer = "writer";
const clients = 4;
const pauseMs = 20;

export interface Writing {
  /** Under whose name the rides stand. */
  readonly user: string;
  /** Acknowledged so far. */
  readonly acked: ReadonlySet<string>;
  /** Sent so far, acknowledged or not. */
  readonly sent: ReadonlySet<string>;
  /** Resolves once that many more writes were acknowledged than now. */
  more(count: number): Promise<void>;
  /** Lets the writes under way end. */
  stop(): Promise<void>;
}

let started = 0;

/** Ends with the test at the latest. */
export async function startWriting(test: TestContext): Promise<Writing> {
  const user = `${writer}-${process.pid}-${started++}`;
  await insertUsers(user);
  const writing = new Writers(user);
  test.after(() => writing.halt());
  return writing;
}

class Writers implements Writing {
  readonly user: string;
  readonly acked = new Set<string>();
  readonly sent = new Set<string>();
  readonly #odd: string[] = [];
  readonly #stopped = new AbortController();
  readonly #running: Promise<unknown>;

  constructor(user: string) {
    this.user = user;
    this.#running = Promise.all(Array.from({ length: clients }, (_, client) => this.#client(client)));
  }

  async more(count: number): Promise<void> {
    const wanted = this.acked.size + count;
    const deadline = performance.now() + 60_000;
    while (this.acked.size < wanted) {
      if (performance.now() > deadline)
        assert.fail(`only ${this.acked.size} of ${wanted} writes were acknowledged in time`);
      await sleep(pauseMs);
    }
  }

  async halt(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async stop(): Promise<void> {
    await this.halt();
    assert.deepEqual(this.#odd, [], "answers that are neither success nor 503");
  }

  async #client(client: number): Promise<void> {
    for (let n = 0; !this.#stopped.signal.aborted; n++) {
      const name = `${this.user}-${client}-${n}`;
      this.sent.add(name);
      await this.#insist(name);
      await sleep(pauseMs);
    }
  }

  /** Sends one write, under one key, until it is acknowledged or the writing stops. */
  async #insist(name: string): Promise<void> {
    const row = { created_by: this.user, timestamp: name, source: 1, destination: 2 };
    do {
      const answer = await write({ op: "insert", table: "rides", row }, { "idempotency-key": name }).catch(
        () => null,
      );
      if (answer !== null && isSuccess(answer)) return void this.acked.add(name);
      if (answer !== null && answer.status !== 503)
        return void this.#odd.push(`${answer.status} ${answer.text}`);
      await sleep(pauseMs * 5);
    } while (!this.#stopped.signal.aborted);
  }
}

/** Asserts on every worker's own file: acknowledged writes are there, unsent ones are not, and each is there once. */
export async function assertNothingLost({ user, acked, sent }: Writing): Promise<void> {
  await equalCopies();
  for (const worker of await workers()) {
    const rides = await rowsIn(worker, `SELECT timestamp FROM rides WHERE created_by = '${user}'`);
    const names = rides.map(({ timestamp }) => String(timestamp));
    const present = new Set(names);
    const who = `${worker.name} (${worker.state})`;
    assert.deepEqual(
      [...acked].filter((name) => !present.has(name)),
      [],
      `${who} lost acknowledged writes`,
    );
    assert.deepEqual(
      names.filter((name) => !sent.has(name)),
      [],
      `${who} has writes nobody sent`,
    );
    assert.equal(present.size, names.length, `${who} applied a write twice`);
  }
}

export interface Reading {
  readonly failed: readonly string[];
  readonly answered: number;
  stop(): Promise<void>;
}

/** Reads all the time, until the test ends at the latest; every answer other than 200 is remembered. */
export function startReading(test: TestContext, pauseBetweenMs: number, readers: number): Reading {
  const stopped = new AbortController();
  const reading = { failed: [] as string[], answered: 0, stop };
  const reader = async () => {
    while (!stopped.signal.aborted) {
      const answer = await read({ table: "rides", count: true }).catch((error: Error) => error.message);
      if (typeof answer !== "string" && answer.status === 200) reading.answered++;
      else reading.failed.push(typeof answer === "string" ? answer : `${answer.status} ${answer.text}`);
      await sleep(pauseBetweenMs);
    }
  };
  const running = Promise.all(Array.from({ length: readers }, reader));
  async function stop(): Promise<void> {
    stopped.abort();
    await running;
  }
  test.after(stop);
  return reading;
}
