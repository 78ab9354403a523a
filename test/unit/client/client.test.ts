import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Dbaas } from "../../../client/client.ts";
import { DbaasError, UnreachableError } from "../../../client/errors.ts";
import { pauseBefore } from "../../../client/retry.ts";

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: unknown;
}

type Said = Response | Error;

const said = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers });
const refused = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  said({ error: { code, message: "why", field: "where" } }, status, headers);

/** Answers what it is told, one after the other, the last one again and again. */
function fake(...answers: readonly Said[]) {
  const seen: Seen[] = [];
  const fetch = async (url: URL, { method = "", headers, body }: RequestInit): Promise<Response> => {
    const answer = answers[Math.min(seen.length, answers.length - 1)] ?? new Error("nothing to say");
    seen.push({
      method,
      path: url.pathname + url.search,
      headers: new Headers(headers),
      body: typeof body === "string" ? JSON.parse(body) : undefined,
    });
    if (answer instanceof Error) throw answer;
    return answer.clone();
  };
  return { seen, fetch, url: "http://db.example" };
}

const row = { username: "asha" };
const insert = { op: "insert", table: "users", row } as const;

describe("the client", () => {
  it("sends a write with a key of its own and a read as it is", async () => {
    const service = fake(said({ rowsAffected: 1, position: 7 }), said([row]));
    const db = new Dbaas(service);
    assert.deepEqual(await db.write(insert), { rowsAffected: 1, position: 7 });
    assert.deepEqual(await db.read({ table: "users" }), [row]);
    const [write, read] = service.seen;
    assert.deepEqual([write?.method, write?.path, write?.body], ["POST", "/api/v1/db/write", insert]);
    assert.match(write?.headers.get("idempotency-key") ?? "", /^[0-9a-f-]{36}$/);
    assert.deepEqual([read?.path, read?.body], ["/api/v1/db/read", { table: "users" }]);
    assert.equal(read?.headers.get("authorization"), null);
  });

  it("asks in SQL as it reads, and says what SQLite called an error", async () => {
    const answer = { columns: [{ name: "n", type: null }], rows: [[1]] };
    const body = { code: "bad_request", message: "why", field: "sql", sqlite: "SQLITE_ERROR" };
    const service = fake(said({ rowsAffected: 1, position: 7 }), said(answer), said({ error: body }, 400));
    const db = new Dbaas(service);
    await db.write({ statements: [{ sql: "DELETE FROM t" }, insert] });
    const query = { sql: "SELECT ?", params: [{ integer: "1" }] };
    assert.deepEqual(await db.query(query), answer);
    assert.deepEqual(service.seen[1]?.body, query);
    assert.equal(service.seen[1]?.headers.get("x-dbaas-min-position"), "7");
    await assert.rejects(db.query(query), { code: "bad_request", field: "sql", sqlite: "SQLITE_ERROR" });
  });

  it("reads its own writes, unless it is told not to", async () => {
    const service = fake(said({ rowsAffected: 1, position: 7 }), said([]));
    const db = new Dbaas(service);
    await db.write(insert);
    await db.read({ table: "users" });
    assert.equal(service.seen[1]?.headers.get("x-dbaas-min-position"), "7");
    const careless = fake(said({ rowsAffected: 1, position: 7 }), said([]));
    const other = new Dbaas({ ...careless, readOwnWrites: false });
    await other.write(insert);
    await other.read({ table: "users" });
    assert.equal(careless.seen[1]?.headers.get("x-dbaas-min-position"), null);
    assert.equal(other.position, 7);
  });

  it("asks for a strong read when no copy has its writes: the service was set up anew", async () => {
    const service = fake(
      said({ rowsAffected: 1, position: 7 }),
      refused(503, "not_fresh"),
      said([]),
      said([]),
    );
    const db = new Dbaas(service);
    await db.write(insert);
    await db.read({ table: "users" });
    await db.read({ table: "users" });
    const [, first, second, third] = service.seen;
    assert.equal(first?.headers.get("x-dbaas-min-position"), "7");
    assert.deepEqual(second?.body, { table: "users", consistency: "strong" });
    assert.equal(third?.headers.get("x-dbaas-min-position"), null);
  });

  it("asks again for a strong read that came before its copy was fresh, until the time is over", async () => {
    const lagging = [refused(503, "not_fresh"), refused(503, "not_fresh")];
    const strong = { table: "users", consistency: "strong" } as const;
    const asked = fake(...lagging, said([row]));
    assert.deepEqual(await new Dbaas(asked).read(strong), [row]);
    assert.deepEqual(
      asked.seen.map(({ body }) => body),
      [strong, strong, strong],
    );
    const fallenBack = fake(...lagging, said([row]));
    assert.deepEqual(await new Dbaas(fallenBack).read({ table: "users" }, { minPosition: 9 }), [row]);
    assert.deepEqual(
      fallenBack.seen.map(({ headers }) => headers.get("x-dbaas-min-position")),
      ["9", null, null],
    );
    const hopeless = new Dbaas({ ...fake(refused(503, "not_fresh")), withinMs: 200 });
    await assert.rejects(hopeless.read(strong), { code: "not_fresh" });
  });

  it("waits out a failover, asking again under the same key", async () => {
    const service = fake(
      refused(503, "unavailable", { "retry-after": "1" }),
      new TypeError("fetch failed"),
      said({ rowsAffected: 1, position: 7 }),
    );
    await new Dbaas(service).write(insert, { idempotencyKey: "mine" });
    assert.deepEqual(
      service.seen.map(({ headers }) => headers.get("idempotency-key")),
      ["mine", "mine", "mine"],
    );
  });

  it("does not ask again for what was refused for good", async () => {
    const service = fake(refused(409, "constraint_violation"));
    await assert.rejects(new Dbaas(service).write(insert), (error) => {
      assert.ok(error instanceof DbaasError);
      assert.deepEqual(
        [error.status, error.code, error.field, error.message],
        [409, "constraint_violation", "where", "why"],
      );
      return true;
    });
    assert.equal(service.seen.length, 1);
  });

  it("gives up when the time is over, with what was said last", async () => {
    const busy = fake(refused(503, "unavailable"));
    await assert.rejects(new Dbaas({ ...busy, withinMs: 200 }).read({ table: "users" }), DbaasError);
    assert.ok(busy.seen.length > 1);
    const away = fake(new TypeError("fetch failed"));
    await assert.rejects(new Dbaas({ ...away, withinMs: 200 }).read({ table: "users" }), UnreachableError);
  });

  it("takes a bound of time for a single call", async () => {
    const busy = fake(refused(503, "unavailable"));
    const db = new Dbaas(busy);
    const startedAtMs = performance.now();
    await assert.rejects(db.read({ table: "users" }, { withinMs: 100 }), DbaasError);
    await assert.rejects(db.write(insert, { withinMs: 100 }), DbaasError);
    await assert.rejects(db.count("users", undefined, { withinMs: 100 }), DbaasError);
    await assert.rejects(db.clear({ withinMs: 100 }), DbaasError);
    assert.ok(performance.now() - startedAtMs < 25_000);
  });

  it("may wait for ever, which no timer can", async () => {
    const service = fake(refused(503, "unavailable"), said([row]));
    assert.deepEqual(
      await new Dbaas({ ...service, withinMs: Number.POSITIVE_INFINITY }).read({ table: "users" }),
      [row],
    );
    assert.equal(service.seen.length, 2);
  });

  it("sends nothing when the time of a call is over before it begins", async () => {
    const service = fake(said([]));
    await assert.rejects(new Dbaas(service).read({ table: "users" }, { withinMs: 0 }), UnreachableError);
    assert.equal(service.seen.length, 0);
  });

  it("gives up an attempt that hangs and asks again, but never a command", async () => {
    let asked = 0;
    const hangs = (_url: URL, { signal }: RequestInit): Promise<Response> => {
      asked++;
      if (asked > 1) return Promise.resolve(said([row]));
      return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    };
    const options = { url: "http://db.example", fetch: hangs, attemptWithinMs: 50 };
    assert.deepEqual(await new Dbaas({ ...options, withinMs: 10_000 }).read({ table: "users" }), [row]);
    assert.equal(asked, 2);
    asked = 0;
    const startedAtMs = performance.now();
    await assert.rejects(new Dbaas({ ...options, withinMs: 300 }).crashMaster(), UnreachableError);
    assert.ok(performance.now() - startedAtMs >= 290);
    assert.equal(asked, 1);
  });

  it("reads at a position that it is given, and knows how far it has seen", async () => {
    const answered = (position: number) => said([], 200, { "x-dbaas-position": String(position) });
    const service = fake(answered(5), answered(4), refused(503, "not_fresh"), answered(1));
    const db = new Dbaas(service);
    assert.equal(db.seen, 0);
    await db.read({ table: "users" }, { minPosition: 3 });
    assert.equal(service.seen[0]?.headers.get("x-dbaas-min-position"), "3");
    await db.read({ table: "users", consistency: "strong" }, { minPosition: 3 });
    assert.equal(service.seen[1]?.headers.get("x-dbaas-min-position"), null);
    assert.deepEqual([db.seen, db.position], [5, 0]);
    await db.read({ table: "users" }, { minPosition: 9 });
    assert.deepEqual(service.seen[3]?.body, { table: "users", consistency: "strong" });
    assert.equal(db.seen, 1);
  });

  it("never asks twice for a worker to be killed", async () => {
    for (const call of ["crashMaster", "crashSlave", "switchover"] as const) {
      const service = fake(refused(503, "unavailable"));
      await assert.rejects(new Dbaas(service)[call](), DbaasError);
      assert.equal(service.seen.length, 1);
    }
    assert.equal(await new Dbaas(fake(said([4330]))).crashMaster(), 4330);
  });

  it("shows its token to the service", async () => {
    const service = fake(said([1, 2]));
    assert.deepEqual(await new Dbaas({ ...service, token: "secret" }).workers(), [1, 2]);
    assert.equal(service.seen[0]?.headers.get("authorization"), "Bearer secret");
  });

  it("counts, clears and watches", async () => {
    const service = fake(said([{ count: 3 }]));
    assert.equal(await new Dbaas(service).count("users", { username: "asha" }), 3);
    assert.deepEqual(service.seen[0]?.body, { table: "users", count: true, where: { username: "asha" } });
    const events = fake(said([]));
    await new Dbaas(events).events("a b");
    assert.equal(events.seen[0]?.path, "/api/v1/events?since=a%20b");
    const cleared = fake(said({ rowsAffected: 0, position: 9 }));
    await new Dbaas(cleared).clear();
    assert.deepEqual([cleared.seen[0]?.path, cleared.seen[0]?.body], ["/api/v1/db/clear", undefined]);
  });

  it("says so when the answer is no answer of the service", async () => {
    const proxy = fake(new Response("<html>", { status: 400 }));
    await assert.rejects(new Dbaas(proxy).status(), (error) => {
      assert.ok(error instanceof DbaasError);
      return error.status === 400 && error.code === "unknown";
    });
  });
});

describe("the pause before the next attempt", () => {
  it("grows, is bounded, and never outlasts the time that is left", () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.option(fc.integer({ min: 0, max: 10_000 }), { nil: undefined }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: -10, max: 20_000 }),
        (number, retryAfterMs, chance, leftMs) => {
          const pauseMs = pauseBefore({ number, retryAfterMs, leftMs, chance });
          if (pauseMs === undefined) return;
          assert.ok(pauseMs > 0 && pauseMs < leftMs);
          assert.ok(pauseMs <= Math.max(2_000, retryAfterMs ?? 0));
        },
      ),
    ));

  it("heeds what the service asks for once quick attempts have failed", () => {
    const attempt = { retryAfterMs: 5_000, leftMs: 60_000, chance: 1 };
    assert.equal(pauseBefore({ ...attempt, number: 1 }), 50);
    assert.equal(pauseBefore({ ...attempt, number: 4 }), 5_000);
  });
});
