// The API in the memory that compose gives to its container, while clients do what no client should. It must neither end nor
// stop serving others, whatever waits in it: bodies, requests, answers, connections.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { docker } from "../../tools/cluster/command.ts";
import { call } from "../../tools/cluster/http.ts";
import { applyFields, applyManifest, baselineManifest } from "../../tools/cluster/manifest.ts";
import { signal } from "../../tools/cluster/orchestrator.ts";
import { containers } from "../../tools/cluster/settings.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import { workers } from "../../tools/cluster/workers.ts";
import { type Attacker, attacker, head, leave, post, sendInCrumbs } from "../support/attackers.ts";
import { settled, useCluster } from "../support/cluster.ts";
import { clear, user, write, written } from "../support/database.ts";
import { ordinaryDuring } from "../support/ordinary.ts";

useCluster({
  afterwards: async () => {
    await signal("controller", "CONT");
  },
});

const paths = { read: "/api/v1/db/read", write: "/api/v1/db/write" } as const;
const mebibyte = 1024 * 1024;

/** The container and the API's process in it. Another process of that name means that this one ended. */
async function whoServes(): Promise<string> {
  const state = await docker(
    "inspect",
    "--format",
    "{{.Id}} {{.RestartCount}} {{.State.StartedAt}} {{.State.OOMKilled}}",
    containers.orchestrator,
  );
  const processes = await docker("top", containers.orchestrator, "-eo", "pid,args");
  return `${state}${processes.split("\n").filter((line) => line.includes("api/main.ts"))}`;
}

/** Whatever the work does: an ordinary client is answered well meanwhile, and by the same process before and after. */
async function servesOthersDuring(work: () => Promise<unknown>): Promise<void> {
  const before = await whoServes();
  await ordinaryDuring(work);
  assert.equal(await whoServes(), before);
}

/** The API measures once a second: what counts is a sample of later than now. */
async function allAnswered(): Promise<void> {
  const sentAtMs = Date.now();
  await until("every read is answered or refused", 120_000, async () => {
    const { atMs, reads } = (await call("GET", "/api/v1/stats")).body as {
      readonly atMs: number;
      readonly reads: { readonly inFlight: number };
    };
    return atMs > sentAtMs + 1_500 && reads.inFlight <= 1 ? found(true) : notYet({ atMs, reads });
  });
}

test("bodies in chunks of one byte cost what their bytes cost", async () => {
  const body = (i: number) =>
    JSON.stringify({
      op: "upsert",
      table: "users",
      row: { username: `crumbs-${i}`, password: "x".repeat(350_000) },
    });
  await servesOthersDuring(async () => {
    const clients = await Promise.all(
      [0, 1, 2, 3].map(async (i) => {
        const client = await attacker(head(paths.write, "Transfer-Encoding: chunked"));
        await sendInCrumbs(client, body(i));
        return client;
      }),
    );
    // They are read in turns: on a slow machine not all of them are done within the time that a body may take.
    for (const { status } of clients) assert.match(String(await status), /^(200|408)$/);
    leave(clients);
  });
  await clear();
});

test("bodies that stall hold what they have sent, and make nobody else wait", async () => {
  await servesOthersDuring(async () => {
    const stalled: Attacker[] = [];
    for (let i = 0; i < 64; i++)
      stalled.push(
        await attacker(`${head(paths.write, `Content-Length: ${mebibyte}`)}${"x".repeat(mebibyte - 10)}`),
      );
    // A body that comes in two pieces has to be held for a while, as theirs are.
    for (let i = 0; i < 10; i++) {
      const text = post(
        paths.write,
        JSON.stringify({ op: "upsert", table: "users", row: user(`pieces-${i}`) }),
      );
      const client = await attacker(text.slice(0, -20));
      await sleep(50);
      client.socket.write(text.slice(-20));
      assert.equal(await client.status, 200);
      leave([client]);
    }
    leave(stalled);
  });
});

test("answers that are not read are bounded", async () => {
  await clear();
  // How long an ordinary answer takes beside sixty large ones is the machine's matter here; that it comes is what counts.
  await applyFields({ timeout: "1m" });
  for (let i = 0; i < 60; i += 6)
    await written({
      op: "insert",
      table: "users",
      rows: Array.from({ length: 6 }, (_, n) => ({
        username: `large-${i + n}`,
        password: "x".repeat(125_000),
      })),
    });
  await servesOthersDuring(async () => {
    const text = post(paths.read, JSON.stringify({ table: "users" }));
    const clients = await Promise.all(Array.from({ length: 60 }, () => attacker(text, false)));
    await allAnswered();
    leave(clients);
  });
  await applyManifest(await baselineManifest());
  await clear();
});

// Not as many as the API takes: on loopback each passes through a process of the engine, which ends of want of files before.
test("thousands of connections, each with large headers and the beginning of a body, fit", async () => {
  const many = 2_000;
  const headers = Array.from({ length: 90 }, (_, i) => `X-${i}: ${"x".repeat(150)}`);
  const text = `${head(paths.write, ...headers, "Content-Length: 9000")}${"x".repeat(8_000)}`;
  await servesOthersDuring(async () => {
    const clients: Attacker[] = [];
    for (let i = 0; i < many; i += 100)
      clients.push(...(await Promise.all(Array.from({ length: 100 }, () => attacker(text)))));
    leave(clients);
  });
});

test("large inserts of small rows wait for a master in bounded memory", async () => {
  const before = await whoServes();
  const rows = Array.from({ length: 125_000 }, () => '{"a":1}').join();
  const text = post(paths.write, `{"op":"insert","table":"users","rows":[${rows}]}`);
  await applyFields({ timeout: "4s" });
  // Nothing takes the place of the workers meanwhile.
  await signal("controller", "STOP");
  const all = await workers();
  for (const { containerName } of all) await docker("pause", containerName);
  const clients = await Promise.all(Array.from({ length: 40 }, () => attacker(text)));
  const statuses = Promise.all(clients.map(({ status }) => status));
  for (let i = 0; i < 20; i++) {
    // A slow machine takes its time for forty bodies, one after the other; that it answers is what counts.
    const { status } = await call("GET", "/healthz", { timeoutMs: 60_000 });
    assert.equal(status, 200);
    await sleep(50);
  }
  // 408 where the machine is too slow for forty megabytes within the time that a body may take; a client that still sends then may
  // see no more than the end of its connection.
  for (const status of await statuses) assert.match(String(status), /^(503|408|null)$/);
  leave(clients);
  for (const { containerName } of all) await docker("unpause", containerName);
  await signal("controller", "CONT");
  await settled();
  await until("writes go on", 60_000, async () => {
    const { status, text } = await write({ op: "upsert", table: "users", row: user("afterwards") });
    return status === 200 ? found(true) : notYet(text);
  });
  assert.equal(await whoServes(), before);
});
