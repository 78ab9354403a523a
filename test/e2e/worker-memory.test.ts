// The workers in the memory that the manifest gives to their containers, while clients ask for what no client should. No
// container may end by itself, every request is answered by what was asked or by a definite refusal, and others are served.
// Last of those that share the cluster: what is loaded here stays in the log, and makes every later copy slower.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Stats } from "../../core/state/stats.ts";
import { docker } from "../../tools/cluster/command.ts";
import { rowsIn } from "../../tools/cluster/copies.ts";
import { type Answer, call } from "../../tools/cluster/http.ts";
import { applyFields } from "../../tools/cluster/manifest.ts";
import { signal } from "../../tools/cluster/orchestrator.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import { kill, masterOf, slavesOf, type Worker, workers } from "../../tools/cluster/workers.ts";
import { attacker, leave, post } from "../support/attackers.ts";
import { settled, useCluster } from "../support/cluster.ts";
import { clear, read, rowsNow, write } from "../support/database.ts";
import { Deaths } from "../support/deaths.ts";
import { ordinaryDuring } from "../support/ordinary.ts";

const deaths = new Deaths();
/** Longer than any manifest of these tests lets a request wait. */
const answeredWithinMs = 90_000;

useCluster({
  afterwards: async () => {
    try {
      await signal("controller", "CONT");
      await empty();
    } finally {
      deaths.stop();
    }
  },
});

/** What may be answered under any load: what was asked, a refusal for good, or "send it again". */
function assertDefinite({ status, headers, text }: Answer): void {
  const isSentAgain = status === 503 && headers["retry-after"] !== undefined;
  const isRefused =
    (status === 413 && text.includes('"too_large"')) || (status === 422 && text.includes('"query_timeout"'));
  assert.ok(status === 200 || isRefused || isSentAgain, `${status} ${text.slice(0, 300)}`);
}

/** The most that a program of the container has had in memory since it started. */
async function peakOf({ containerName }: Worker): Promise<number> {
  const peaks = await docker("exec", containerName, "sh", "-c", "grep -h VmHWM /proc/[0-9]*/status");
  return Math.max(...[...peaks.matchAll(/(\d+) kB/g)].map(([, kB]) => Math.round(Number(kB) / 1024)));
}

/** No worker has ended but those of which that was expected. */
async function assertAllLive(t: TestContext, slowestMs: number, count = 2): Promise<void> {
  const all = await settled(count - 1, 120_000);
  assert.deepEqual(deaths.unexpected, []);
  t.diagnostic(`an ordinary request was answered after ${slowestMs} ms at most`);
  for (const worker of all) {
    const state = await docker(
      "inspect",
      "--format",
      "{{.State.OOMKilled}} {{.RestartCount}}",
      worker.containerName,
    );
    assert.equal(state.trim(), "false 0", worker.name);
    t.diagnostic(`${worker.name} (${worker.state}): at most ${await peakOf(worker)} MiB`);
  }
}

const kinds = {
  /** 150 MB in 15,000 rows. */
  large: { bodies: 150, rows: 100, bytes: 10_000 },
  /** 20 MB in 10,000 rows. */
  middle: { bodies: 20, rows: 500, bytes: 2_000 },
  /** 7.5 MB: nearly the largest answer there may be. */
  wide: { bodies: 10, rows: 6, bytes: 125_000 },
} as const;
type Kind = keyof typeof kinds;

const nameOf = (kind: string, row: number): string => `${kind}-${String(row).padStart(6, "0")}`;

const bodiesOf = (kind: Kind): readonly unknown[] => {
  const { bodies, rows, bytes } = kinds[kind];
  return Array.from({ length: bodies }, (_, body) => ({
    op: "upsert",
    table: "users",
    rows: Array.from({ length: rows }, (_, row) => ({
      username: nameOf(kind, body * rows + row),
      password: "x".repeat(bytes),
    })),
  }));
};

const ofKind = (kind: Kind): string => `username >= '${kind}-' AND username < '${kind}.'`;

/** In portions: a write may not run for as long as it takes to delete all. */
async function empty(): Promise<void> {
  await settled();
  for (const [kind, { bodies, rows }] of Object.entries(kinds))
    for (let from = 0; from < bodies * rows; from += 1_000) {
      const where = `username >= '${nameOf(kind, from)}' AND username < '${nameOf(kind, from + 1_000)}'`;
      await until(`rows from ${from} of ${kind} are deleted`, 60_000, async () => {
        const { status, text } = await write({ op: "delete", table: "users", where });
        return status === 200 ? found(true) : notYet(text);
      });
    }
  await clear();
}

/** Four loaders, each with the next body as soon as its last one is answered. */
async function load(kind: Kind): Promise<void> {
  const bodies = bodiesOf(kind).values();
  const loader = async () => {
    for (const body of bodies)
      await until(`a body of ${kind} rows is taken`, 60_000, async () => {
        const answer = await write(body);
        assertDefinite(answer);
        return answer.status === 200 ? found(true) : notYet(answer.text);
      });
  };
  await Promise.all([loader(), loader(), loader(), loader()]);
}

test("a slave that was away takes up what was loaded meanwhile", async (t) => {
  await applyFields({ baseline: "2", min: "2", max: "2" });
  const all = await settled(2);
  const [away] = slavesOf(all);
  assert.ok(away !== undefined);
  await signal("controller", "STOP");
  await ordinaryDuring(async () => {
    await load("middle");
    deaths.expect(away);
    await kill(away);
    await load("large");
    await load("wide");
  });
  await signal("controller", "CONT");
  const slowestMs = await ordinaryDuring(() => settled(2, 120_000));
  await assertAllLive(t, slowestMs, 3);
  const [counted] = await rowsNow({ table: "users", count: true, where: "username <> 'ordinary'" });
  const expected = Object.values(kinds).reduce((sum, { bodies, rows }) => sum + bodies * rows, 0);
  assert.equal(counted?.count, expected);
  for (const worker of await workers())
    assert.deepEqual(
      await rowsIn(worker, "SELECT count(*) AS count FROM users WHERE username <> 'ordinary'"),
      [{ count: expected }],
      worker.name,
    );
});

test("reads of whole tables that are far larger than an answer", async (t) => {
  await applyFields({});
  await settled();
  const bodies = [
    { table: "users" },
    { table: "users", orderBy: "password DESC, username" },
    { table: "users", where: ofKind("large") },
    { table: "users", where: ofKind("middle"), columns: ["password"] },
    { table: "users", where: "password LIKE '%x%'", limit: 15_000 },
  ];
  const slowestMs = await ordinaryDuring(async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => read(bodies[i % bodies.length], {}, answeredWithinMs)),
    );
    for (const answer of answers) {
      assertDefinite(answer);
      assert.notEqual(answer.status, 200);
    }
  });
  await assertAllLive(t, slowestMs);
});

test("64 clients that ask for 8 MiB each, half of whom do not read what they are answered", async (t) => {
  const body = { table: "users", where: ofKind("wide") };
  const slowestMs = await ordinaryDuring(async () => {
    const deaf = await Promise.all(
      Array.from({ length: 32 }, () => attacker(post("/api/v1/db/read", JSON.stringify(body)), false)),
    );
    const answers = await Promise.all(Array.from({ length: 32 }, () => read(body, {}, answeredWithinMs)));
    for (const answer of answers) assertDefinite(answer);
    assert.ok(answers.some(({ status }) => status === 200));
    leave(deaf);
  });
  await assertAllLive(t, slowestMs);
});

/** Deletes nothing. Each has a form of its own, which a message must carry beside its values. */
function manySidedDelete(n: number): unknown {
  const comparisons = Array.from({ length: 250 }, (_, i) => {
    const column = (n + i) % 3 === 0 ? "username" : "password";
    const operator = ["=", "<>", "<", ">", "LIKE"][(n * i + (n >> (i % 7))) % 5];
    return `${column} ${operator} 'value-${n}-${i}-${"y".repeat(60)}'`;
  });
  return { op: "delete", table: "users", where: `username = 'none-${n}' AND (${comparisons.join(" OR ")})` };
}

const scenesMax = 3;

/** Waits for all answers. */
async function allDefinite(sending: Promise<readonly Answer[]>): Promise<void> {
  for (const answer of await sending) assertDefinite(answer);
}

interface Held {
  readonly master: Worker;
  readonly others: readonly Worker[];
  readonly sending: Promise<readonly Answer[]>;
}

/**
 * All workers are paused, and the master has 128 deletes in its hands. The broker misses a paused client after some seconds and takes back
 * what it had sent to it: where it did so before the last of them came, the scene is made again.
 */
async function heldByMaster(): Promise<Held> {
  for (let scene = 1; ; scene++) {
    const all = await settled(1, 120_000);
    const [master, others] = [masterOf(all), slavesOf(all)];
    // Until the master has them all, no other takes its place.
    await signal("controller", "STOP");
    for (const { containerName } of [...others, master]) await docker("pause", containerName);
    const sending = Promise.all(
      Array.from({ length: 128 }, (_, n) => write(manySidedDelete(n), {}, answeredWithinMs)),
    );
    sending.catch(() => undefined);
    if (await untilHeld()) return { master, others, sending };
    assert.ok(scene < scenesMax, "the broker takes them back before the master has them all");
    for (const { containerName } of all) await docker("unpause", containerName);
    // The workers are back with the answers: none of them is taken for dead.
    await allDefinite(sending);
    await signal("controller", "CONT");
  }
}

/** @returns false when they are back in the queue, or never left it: none of them goes to the master any more */
async function untilHeld(): Promise<boolean> {
  const comesWithinMs = 15_000;
  const startedAtMs = performance.now();
  return until("they are in the hands of the master", 60_000, async () => {
    const { writes, queues } = (await call("GET", "/api/v1/stats")).body as Stats;
    if (writes.inFlight >= 128 && queues?.writeQ === 0) return found(true);
    const isTooLate = performance.now() - startedAtMs > comesWithinMs && (queues?.writeQ ?? 0) > 0;
    return isTooLate ? found(false) : notYet({ writes, queues });
  });
}

test("a master dies with 128 deletes of many conditions in its hands", async (t) => {
  await applyFields({ timeout: "60s" });
  const { master, others, sending } = await heldByMaster();
  deaths.expect(master);
  await kill(master);
  for (const { containerName } of others) await docker("unpause", containerName);
  await signal("controller", "CONT");
  const slowestMs = await ordinaryDuring(() => allDefinite(sending));
  await assertAllLive(t, slowestMs);
});

test("deletes that look for a text in all that is stored", async (t) => {
  const slowestMs = await ordinaryDuring(() =>
    allDefinite(
      Promise.all(
        Array.from({ length: 48 }, (_, n) =>
          write(
            {
              op: "delete",
              table: "users",
              where: `password LIKE '%${"x".repeat(n)}y%' OR password LIKE '%z${"x".repeat(n)}'`,
            },
            {},
            answeredWithinMs,
          ),
        ),
      ),
    ),
  );
  await assertAllLive(t, slowestMs);
});
