import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { after, test } from "node:test";
import { accountOf } from "../../../../tools/bench/load/rows.ts";
import { runLoad } from "../../../../tools/bench/load/run-load.ts";
import { fillingBodies, workloadOf } from "../../../../tools/bench/load/workload.ts";

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
  const server = createServer(listener);
  opened.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { host: "127.0.0.1", port: address.port };
}

const briefly = { connections: 4, warmUpMs: 20, measureMs: 100 };
const reads = { kind: "read", rows: 10, seed: 1 } as const;

test("a closed loop counts answers, and finds nothing wrong with right ones", async () => {
  const target = await serverOf((body) => [200, JSON.stringify([accountOf(body.where?.id ?? 0)])]);
  const result = await runLoad({ ...briefly, target, workload: reads });
  assert.ok(result.answered > 0 && result.succeeded >= result.answered);
  assert.ok(result.checked > 0 && result.latency.p50Ms > 0);
  assert.deepEqual([result.errors, result.wrong, result.firstTrouble], [0, 0, null]);
});

test("a wrong row in an answer of success is found", async () => {
  const target = await serverOf(() => [200, JSON.stringify([accountOf(11)])]);
  const result = await runLoad({ ...briefly, target, workload: reads });
  assert.equal(result.wrong, result.checked);
  assert.match(result.firstTrouble ?? "", /wanted .*got/);
});

test("answers of another status are errors and count for nothing", async () => {
  const target = await serverOf(() => [503, "{}"]);
  const result = await runLoad({ ...briefly, target, workload: reads });
  assert.ok(result.errors > 0);
  assert.deepEqual([result.answered, result.succeeded], [0, 0]);
  assert.equal(result.firstTrouble, "status 503: {}");
});

test("an open loop keeps to its rate", async () => {
  const target = await serverOf((body) => [200, JSON.stringify([accountOf(body.where?.id ?? 0)])]);
  const result = await runLoad({ ...briefly, target, ratePerSecond: 200, measureMs: 500, workload: reads });
  assert.ok(Math.abs(result.perSecond - 200) < 100, `${result.perSecond} for 200`);
  assert.equal(result.errors, 0);
});

test("an open loop's latency counts from when a request was due, not from when a connection became free", async () => {
  // The server takes its time with one request after the other: at 100 a second on one connection the queue only grows.
  let last = Promise.resolve();
  const listener: RequestListener = (request, response) => {
    request.resume();
    last = last.then(() => new Promise((resolve) => setTimeout(resolve, 30)));
    void last.then(() => response.writeHead(200, { "Content-Length": 2 }).end("{}"));
  };
  const server = createServer(listener);
  opened.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const result = await runLoad({
    connections: 1,
    ratePerSecond: 100,
    warmUpMs: 0,
    measureMs: 600,
    target: { host: "127.0.0.1", port },
    workload: { kind: "write", firstId: 1 },
  });
  assert.ok(result.latency.maxMs > 150, `${result.latency.maxMs}`);
  assert.ok(result.unsent > 0);
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
