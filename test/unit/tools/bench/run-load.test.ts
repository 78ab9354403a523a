import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { after, test } from "node:test";
import { aborted } from "../../../../platform/process/waiting.ts";
import { accountOf } from "../../../../tools/bench/load/rows.ts";
import { runLoad } from "../../../../tools/bench/load/run-load.ts";
import type { LoadResult } from "../../../../tools/bench/load/tally.ts";
import { fillingBodies, workloadOf } from "../../../../tools/bench/load/workload.ts";

/** Time that passes when it is told to: for the answers of a server, or step by step. */
class SteppedTime {
  #nowMs = 0;
  #timers: { readonly atMs: number; readonly run: () => void }[] = [];
  readonly #begun = new AbortController();
  /** Once somebody waits. */
  readonly begun = aborted(this.#begun.signal);

  monotonicMs = () => this.#nowMs;

  after(ms: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.#begun.abort();
    return new Promise((resolve) => {
      this.after(ms, resolve);
      signal?.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  pass(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#timers.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
    }
    this.#nowMs = untilMs;
  }
}

const opened: { close(): void; closeAllConnections(): void }[] = [];
after(() => {
  for (const server of opened) {
    server.closeAllConnections();
    server.close();
  }
});

/** @source `answer` gets the parsed request body and gives status and body of the answer */
async function serverOf(answer: (body: { where?: { id: number } }) => [number, string]) {
  const listener: RequestListener = (request, response) => {
    let text = "";
    request.on("data", (piece) => {
      text += piece;
    });
    request.on("end", () => {
      const [status, body] = answer(JSON.parse(text));
      response.writeHead(status, { "Content-Length": Buffer.byteLength(body) });
      response.end(body);
    });
  };
  // A connection that idles is not to be closed, however long this process stands still.
  const server = createServer({ keepAliveTimeout: 600_000 }, listener);
  opened.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { host: "127.0.0.1", port: address.port };
}

const briefly = { connections: 4, warmUpMs: 20, measureMs: 100 };
const reads = { kind: "read", rows: 10, seed: 1 } as const;
const right = (body: { where?: { id: number } }): [number, string] => [
  200,
  JSON.stringify([accountOf(body.where?.id ?? 0)]),
];

/** A closed loop, of whose time a millisecond passes for each answer. */
async function closedLoop(answer: typeof right): Promise<LoadResult> {
  const time = new SteppedTime();
  const target = await serverOf((body) => {
    time.pass(1);
    return answer(body);
  });
  return runLoad({ ...briefly, target, workload: reads }, undefined, time);
}

test("a closed loop counts answers, and finds nothing wrong with right ones", async () => {
  const result = await closedLoop(right);
  assert.ok(result.answered > 0 && result.succeeded >= result.answered);
  assert.ok(result.checked > 0 && result.latency.p50Ms > 0);
  assert.deepEqual([result.errors, result.wrong, result.firstTrouble], [0, 0, null]);
});

test("a wrong row in an answer of success is found", async () => {
  const result = await closedLoop(() => [200, JSON.stringify([accountOf(11)])]);
  assert.equal(result.wrong, result.checked);
  assert.match(result.firstTrouble ?? "", /wanted .*got/);
});

test("answers of another status are errors and count for nothing", async () => {
  const result = await closedLoop(() => [503, "{}"]);
  assert.ok(result.errors > 0);
  assert.deepEqual([result.answered, result.succeeded], [0, 0]);
  assert.equal(result.firstTrouble, "status 503: {}");
});

test("an open loop keeps to its rate", async () => {
  const time = new SteppedTime();
  const came = new EventEmitter();
  let asked = 0;
  const target = await serverOf((body) => {
    asked += 1;
    came.emit("request");
    return right(body);
  });
  const spec = { ...briefly, target, ratePerSecond: 200, measureMs: 500, workload: reads };
  const running = runLoad(spec, undefined, time);
  await time.begun;
  const everyMs = 5;
  const inAll = (spec.warmUpMs + spec.measureMs) / everyMs;
  for (let due = 1; due <= inAll; due++) {
    time.pass(everyMs);
    // The last one may find no connection free in time; then it is told to be unsent.
    while (asked < due && due < inAll) await once(came, "request");
    assert.ok(asked <= due, `${asked} requests when ${due} were due`);
  }
  const result = await running;
  assert.equal(result.succeeded + result.unsent, inAll);
  assert.ok(result.unsent <= 1);
  // Give or take what was on its way when the measured time began and ended.
  assert.ok(Math.abs(result.answered - 100) <= spec.connections, `${result.answered} for 100`);
  assert.deepEqual([result.seconds, result.errors], [0.5, 0]);
});

test("an open loop's latency counts from when a request was due, not from when a connection became free", async () => {
  // The server takes its time with one request after the other: at 100 a second on one connection the queue only grows.
  const time = new SteppedTime();
  const target = await serverOf(() => {
    time.pass(30);
    return [200, "{}"];
  });
  const spec = { connections: 1, ratePerSecond: 100, warmUpMs: 0, measureMs: 600, target };
  const running = runLoad({ ...spec, workload: { kind: "write", firstId: 1 } }, undefined, time);
  await time.begun;
  time.pass(10);
  const { answered, latency, unsent } = await running;
  // 61 were due. One was on its way at the end, and the last one before it was due after 180 ms, and answered after 580.
  assert.deepEqual([answered, unsent], [19, 61 - 19 - 1]);
  assert.ok(Math.abs(latency.maxMs - 400) < 1, `${latency.maxMs}`);
});

test("the same seed asks the same questions, and each write has an id of its own", () => {
  const bytes = (spec: Parameters<typeof workloadOf>[0]) => {
    const workload = workloadOf(spec);
    return [1, 2, 3].map(() => workload.next().bytes.toString());
  };
  assert.deepEqual(bytes(reads), bytes(reads));
  const written = bytes({ kind: "write", firstId: 5 }).map((text) => /"id":(\d+)/.exec(text)?.[1]);
  assert.deepEqual(written, ["5", "6", "7"]);
});

test("a mixed workload writes once for so many reads", () => {
  const workload = workloadOf({ kind: "mixed", rows: 10, seed: 1, firstId: 1, readsPerWrite: 3 });
  const kinds = Array.from(
    { length: 8 },
    () => (/db\/(\w+)/.exec(workload.next().bytes.toString()) ?? [])[1],
  );
  assert.deepEqual(kinds, ["write", "read", "read", "read", "write", "read", "read", "read"]);
});

test("the bodies that fill a table hold every row once", () => {
  const ids = [...fillingBodies("accounts", 1, 25, 10)].flatMap((body) =>
    (JSON.parse(body) as { rows: { id: number }[] }).rows.map(({ id }) => id),
  );
  assert.deepEqual(
    ids,
    Array.from({ length: 25 }, (_, i) => i + 1),
  );
});
