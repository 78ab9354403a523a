// SQL that is short to send and costs more than there is: time that no interrupt ends, and memory. Each statement is refused or ends by
// its limit, nothing else is undone with it, and what it took is given back. In a process of its own, which may have a third of the memory
// that a worker has: to fill it is most of the work.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { parseRead } from "../../../api/requests/read-request.ts";
import { parseWrite } from "../../../api/requests/write-request.ts";
import { checksumOf } from "../../../core/log/record.ts";
import { type Param, statementLimits, type WriteShape } from "../../../core/messages/statement.ts";
import type { Store } from "../../../worker/copy/store.ts";
import { answerReads } from "../../../worker/read/answer-reads.ts";
import { heapBytesMax } from "../../../worker/sqlite-extension/file.ts";
import { ledgerOf } from "../../../worker/write/ledger.ts";
import { committed, unlimited } from "../../fakes/commits.ts";
import { openCopy, replying, undoneAfterwards } from "../worker/copies.ts";
import { shop } from "../worker/schemas.ts";

const undoing = undoneAfterwards();
let store: Store;
let writes = 0;
/** How long a statement may take. */
let withinMs = 60_000;
before(async () => {
  store = await openCopy(undoing, shop);
  await store.writer.exec(`PRAGMA hard_heap_limit = ${heapBytesMax / 3}`);
});

const told = (body: string): string => {
  const whole = JSON.parse(body);
  // A trial tells what came of each of its statements.
  const { code, sqlite } = whole.results?.[0]?.error ?? whole;
  return [code ?? "done", sqlite].filter((one) => one !== undefined).join(" ");
};

interface Request {
  readonly shape: WriteShape;
  readonly rows: readonly (readonly Param[])[];
}

/** In one commit, as they come from several clients. @returns what came of each */
const write = (...bodies: readonly unknown[]): Promise<readonly string[]> =>
  commit(...bodies.map((body) => parseWrite(body)));

async function commit(...requests: readonly Request[]): Promise<readonly string[]> {
  const pending = requests.map(({ shape, rows }, index) => {
    writes += 1;
    return { shape, item: { index, shape: 0, rows, key: `costs-${writes}#0` }, message: `api-${writes}` };
  });
  const outcomes = await committed(
    ledgerOf(store),
    {
      writes: pending,
      chores: [],
      epoch: 1,
      atMs: 1_000,
      logMs: 0,
      limits: { ...unlimited, mayGoOn: (_: unknown, ranMs: number) => ranMs < withinMs },
    },
    async (content) => ({ offset: 100 + writes, checksum: checksumOf(content) }),
  );
  return outcomes.map((one) => (typeof one === "object" ? told(String(one.body)) : one));
}

async function read(body: unknown): Promise<string> {
  const { shape, params } = parseRead(body);
  const items = [{ index: 0, shape: 0, params }];
  const batch = { v: 1, deadlineMs: Date.now() + 60_000, attempt: 1, shapes: [shape], items } as const;
  const answers: string[] = [];
  const limits = { queryMs: withinMs, freshWithinMs: 100, answerWithinMs: 60_000 };
  await answerReads(
    store,
    batch,
    limits,
    replying((some) => void answers.push(...some.map((answer) => told(answer.body.toString())))),
  );
  return answers.join();
}

const long = (letter: string, length: number) => `replace(hex(zeroblob(${length})), '00', '${letter}')`;

describe("a function that takes as long as the product of two texts", () => {
  for (const [sql, expected] of [
    [`SELECT trim(${long("a", 400_000)}, ${long("b", 400_000)} || 'a')`, "too_large SQLITE_TOOBIG"],
    [`SELECT ltrim(${long("a", 400_000)}, ${long("b", 400_000)} || 'a')`, "too_large SQLITE_TOOBIG"],
    [`SELECT rtrim(${long("a", 400_000)}, ${long("b", 400_000)} || 'a')`, "too_large SQLITE_TOOBIG"],
    [`SELECT unhex(${long("x", 400_000)}, ${long("y", 400_000)} || 'x')`, "too_large SQLITE_TOOBIG"],
    [`SELECT instr(${long("a", 500_000)}, ${long("a", 250_000)} || 'b')`, "too_large SQLITE_TOOBIG"],
    [`SELECT replace(${long("a", 500_000)}, ${long("a", 250_000)} || 'b', '')`, "too_large SQLITE_TOOBIG"],
    [
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 40000),
       o(j) AS (SELECT json_group_object('a' || i, 1) FROM n), p(j) AS (SELECT json_group_object('b' || i, 1) FROM n)
       SELECT json_patch(o.j, p.j) FROM o, p`,
      "too_large SQLITE_TOOBIG",
    ],
  ] as const)
    it(`is refused where they are long: ${sql.trim().slice(0, 40)}`, async () => {
      assert.equal(await read({ sql }), expected);
      assert.deepEqual(await write({ sql }), [expected]);
    });

  it("is else what SQLite has", async () => {
    const sql = `SELECT trim('xxaxx', 'x') || ltrim('xa', 'x') || rtrim('ax', 'x') || trim(' a '),
      hex(unhex('ab-cd', '-')), instr('abc', 'c'), instr(x'0102', x'02'), replace('a-b', '-', '+'),
      json_patch('{"a":1}', '{"b":2}'), json_array(json_patch('{}', '{}')), hex(jsonb_patch('{}', '{"a":1}')),
      trim(NULL, 'x') IS NULL, instr('a', NULL) IS NULL, unhex('zz', '-') IS NULL, replace(1234, 3, 'x')`;
    const { shape, params } = parseRead({ sql });
    const answers: string[] = [];
    await answerReads(
      store,
      {
        v: 1,
        deadlineMs: Date.now() + 60_000,
        attempt: 1,
        shapes: [shape],
        items: [{ index: 0, shape: 0, params }],
      },
      { queryMs: 10_000, freshWithinMs: 100, answerWithinMs: 60_000 },
      replying((some) => void answers.push(...some.map(({ body }) => body.toString()))),
    );
    assert.deepEqual(JSON.parse(String(answers[0])).rows, [
      ["aaaa", "ABCD", 3, 2, "a+b", '{"a":1,"b":2}', "[{}]", "4C176113" + "31", 1, 1, 1, "12x4"],
    ]);
  });

  it("may stand where a table checks, computes and looks for rows by it", async () => {
    const made = await write({
      statements: [
        { sql: "CREATE TABLE parts (a TEXT CHECK (instr(a, '-')), b TEXT AS (replace(a, '-', '+')) STORED)" },
        { sql: "CREATE INDEX by_trimmed ON parts (trim(a, 'x'))" },
        { sql: "INSERT INTO parts (a) VALUES ('x-')" },
        { sql: "DROP TABLE parts" },
      ],
    });
    assert.deepEqual(made, ["done"]);
  });
});

describe("a comparison with a pattern, which no interrupt ends", () => {
  const pattern = (length: number) => `%${"a".repeat(length - 1)}`;
  const tooLong = "bad_request SQLITE_ERROR";
  const { patternBytesMax, writtenPatternBytesMax } = statementLimits;

  it("is refused in SQL where the pattern is longer than it may be: in a write, for which others wait, sooner than in a read", async () => {
    for (const sql of ["SELECT 'b' LIKE ?", "SELECT 'b' GLOB ?", "SELECT like(?, 'b')"]) {
      const asked = (length: number) => ({ sql, params: [pattern(length)] });
      assert.equal(await read(asked(patternBytesMax)), "done");
      assert.equal(await read(asked(patternBytesMax + 1)), tooLong);
      assert.deepEqual(await write(asked(writtenPatternBytesMax)), ["done"]);
      assert.deepEqual(await write(asked(writtenPatternBytesMax + 1)), [tooLong]);
    }
    const statements = [
      { sql: "SELECT 1" },
      { sql: "INSERT INTO orders (item) SELECT 'x' WHERE 'b' LIKE ?", params: [pattern(201)] },
    ];
    assert.deepEqual(await write({ statements }), [tooLong]);
  });

  it("is refused in a read of a transaction, which the master carries out while writes wait", async () => {
    for (const trial of [{ minPosition: 1 }, undefined])
      for (const [length, expected] of [
        [writtenPatternBytesMax, "done"],
        [writtenPatternBytesMax + 1, tooLong],
      ] as const) {
        const sql = "SELECT 'b' LIKE ?";
        const parts = [{ shape: { kind: "sql", sql }, rows: 1, reads: true }] as const;
        const transaction = { atMs: 77, seed: "s", ...(trial === undefined ? {} : { trial }) };
        const shape = { kind: "batch", parts, transaction } as const;
        assert.deepEqual(await commit({ shape, rows: [[pattern(length)]] }), [expected]);
      }
  });

  it("is refused in a trigger, whoever sets it off", async () => {
    const name = "t".repeat(writtenPatternBytesMax + 1);
    const made = await write({
      sql: `CREATE TRIGGER compares AFTER INSERT ON people BEGIN SELECT new.name LIKE '${name}'; END`,
    });
    const row = { op: "insert", table: "people", row: { name: "sets it off" } };
    const refused = await write(row, { sql: "INSERT INTO people (name) VALUES ('sets it off')" });
    const dropped = await write({ sql: "DROP TRIGGER compares" });
    assert.deepEqual([made, refused, dropped], [["done"], ["bad_request", tooLong], ["done"]]);
  });

  it("is refused in an index of SQL, also by a row form", async () => {
    const name = "t".repeat(writtenPatternBytesMax + 1);
    for (const indexed of [`name LIKE '${name}'`, `name) WHERE "glob"('${name}', name`]) {
      const made = await write({ sql: `CREATE INDEX compares ON people (${indexed})` });
      const row = { op: "insert", table: "people", row: { name: "is compared" } };
      const refused = await write(row, { sql: "INSERT INTO people (name) VALUES ('is compared')" });
      const dropped = await write({ sql: "DROP INDEX compares" });
      assert.deepEqual([made, refused, dropped], [["done"], ["bad_request", tooLong], ["done"]]);
    }
  });

  it("is refused in the row forms in the same way", async () => {
    const where = (length: number) => ({ where: { name: { like: pattern(length) } } });
    const remove = (length: number) => ({ op: "delete", table: "people", ...where(length) });
    const find = (length: number) => ({ table: "people", ...where(length) });
    assert.equal(await read(find(patternBytesMax)), "done");
    assert.equal(await read(find(patternBytesMax + 1)), "bad_request");
    assert.deepEqual(await write(remove(writtenPatternBytesMax)), ["done"]);
    assert.deepEqual(await write(remove(writtenPatternBytesMax + 1)), ["bad_request"]);
  });
});

/** Each names the one before it twice. */
const doubling = (depth: number, each: (before: string) => string): string => {
  const steps = Array.from({ length: depth }, (_, i) => `c${i + 1}(x) AS (${each(`c${i}`)})`);
  return `WITH c0(x) AS (VALUES (1)), ${steps.join(", ")} SELECT count(*) FROM c${depth}`;
};

describe("a statement that takes for ever to compile", () => {
  const ended = /^(query_timeout|too_large SQLITE_NOMEM|unavailable)$/;
  before(() => {
    withinMs = 300;
  });
  for (const [name, sql] of [
    ["joins of joins", doubling(16, (before) => `SELECT a.x FROM ${before} a, ${before} b`)],
    [
      "unions of unions",
      doubling(22, (before) => `SELECT x FROM ${before} UNION ALL SELECT x FROM ${before}`),
    ],
    [
      "queries in queries",
      doubling(22, (before) => `SELECT (SELECT x FROM ${before}) + (SELECT x FROM ${before})`),
    ],
  ] as const)
    it(`ends by its limit, or by what memory there is: ${name}`, async () => {
      assert.match(await read({ sql }), ended);
      const [outcome = ""] = await write({ sql });
      assert.match(outcome, /^(tooLong|query_timeout|too_large SQLITE_NOMEM)$/);
    });
});

describe("a statement that needs more memory than there is", () => {
  const sql = `SELECT x FROM ${Array.from({ length: 15 }).reduce<string>(
    (inner) => `(SELECT x || x || x AS x FROM ${inner} WHERE x > 1)`,
    "(SELECT name AS x FROM people)",
  )}`;
  // Its memory is at an end before its time.
  before(() => {
    withinMs = 60_000;
  });
  const mine = (name: string) => ({ op: "insert", table: "people", row: { name } });

  it("is refused alone, and those in the same commit are done", async () => {
    assert.equal(await read({ sql }), "too_large SQLITE_NOMEM");
    const outcomes = await write(mine("before"), { sql: `INSERT INTO people (name) ${sql}` }, mine("after"));
    assert.deepEqual(outcomes, ["done", "too_large SQLITE_NOMEM", "done"]);
    const rows = await store.writer.all("SELECT name FROM people ORDER BY name");
    assert.deepEqual(
      rows.map(({ name }) => name),
      ["after", "before"],
    );
  });

  it("leaves nothing put off for those behind it in the commit: a reference that leads nowhere is refused", async () => {
    const wide = `SELECT ${Array.from({ length: 250 }, () => "printf('%1000000d', 1)").join()}`;
    const putsOff = { statements: [{ sql: "PRAGMA defer_foreign_keys = ON" }, { sql: wide }] };
    const nowhere = { op: "insert", table: "buyers", row: { order: 404, name: "nobody" } };
    const outcomes = await write(mine("first"), putsOff, nowhere, mine("last"));
    assert.deepEqual(outcomes, ["done", "too_large SQLITE_NOMEM", "constraint_violation", "done"]);
  });

  // Each thread that has run it keeps something for its next one. What is lost each time goes on growing.
  it("leaves the process no larger", async () => {
    const sizes: number[] = [];
    for (let times = 0; times < 10; times++) {
      await read({ sql });
      sizes.push(process.memoryUsage.rss());
    }
    const [first, then] = [sizes.slice(0, 5), sizes.slice(5)].map((some) => Math.max(...some));
    assert.ok(Number(then) < Number(first) + 48 * 2 ** 20, sizes.join());
  });
});
