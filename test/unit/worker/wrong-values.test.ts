// Values of every type at every kind of column, in every form of request, through the parsers and a commit on a real file: what
// is taken is read back as it was sent, what is not taken is refused by its field, and no error is the worker's own.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { jsonFrom } from "../../../api/requests/json-body.ts";
import { parseRead } from "../../../api/requests/read-request.ts";
import { parseWrite } from "../../../api/requests/write-request.ts";
import { Refusal } from "../../../core/errors.ts";
import { type BatchRecord, checksumOf, decodeRecord } from "../../../core/log/record.ts";
import type { Column } from "../../../core/schema.ts";
import type { Store } from "../../../worker/copy/store.ts";
import { answerReads } from "../../../worker/read/answer-reads.ts";
import { ledgerOf } from "../../../worker/write/ledger.ts";
import { type Append, committed, done, unlimited } from "../../fakes/commits.ts";
import { anyCharacter } from "../../support/characters.ts";
import { runs, some } from "../../support/runs.ts";
import { contentsOf, entry, openCopy, replying } from "./copies.ts";
import { integer, table, text } from "./schemas.ts";
import { values } from "./values.ts";

const kinds: readonly Column[] = [
  text("t"),
  integer("i"),
  { name: "r", type: "real" },
  { name: "b", type: "boolean" },
];
const tables = [
  table("counted", [integer("id", { autoIncrement: true }), text("name"), ...kinds], ["id"]),
  table("named", [text("id"), ...kinds], ["id"]),
  table("numbered", [integer("id"), ...kinds], ["id"]),
  table("measured", [{ name: "id", type: "real" }, ...kinds], ["id"]),
  table("told", [{ name: "id", type: "boolean" }, ...kinds], ["id"]),
  table("pairs", [text("id"), integer("other"), ...kinds], ["id", "other"]),
];

const columnNames = ["id", "t", "i", "r", "b"];

const literal = (value: string): string =>
  value.startsWith('"') ? `'${(JSON.parse(value) as string).replaceAll("'", "''")}'` : value;
const operators = ["=", "!=", "<", ">=", "in", "not in", "like"];

/** Bodies of db/write that put `value` at `column`. */
function writesOf(name: string, column: string, value: string): readonly string[] {
  const key = column === "id" ? "" : '"id":1,';
  const row = `{${name === "pairs" ? '"other":1,' : ""}${key}"${column}":${value}}`;
  const condition = JSON.stringify(`${column} = ${literal(value)}`);
  return [
    `{"op":"insert","table":"${name}","row":${row}}`,
    `{"op":"insert","table":"${name}","rows":[${row},${row}]}`,
    `{"op":"upsert","table":"${name}","row":${row}}`,
    `{"op":"update","table":"${name}","set":{"${column}":${value}},"where":"1=1"}`,
    `{"op":"update","table":"${name}","set":{"t":"x"},"where":{"${column}":${value}}}`,
    `{"op":"delete","table":"${name}","where":{"${column}":${value}}}`,
    `{"op":"delete","table":"${name}","where":${condition}}`,
    ...operators.map((by) => `{"op":"delete","table":"${name}","where":{"${column}":{"${by}":${value}}}}`),
    `{"query":"insert","table":"${name}","values":${row}}`,
    `{"query":"delete","table":"${name}","condition":{"${column}":${value}}}`,
    `{"table":"${name}","column":["${column}"],"insert":[${value}]}`,
    `{"table":"${name}","column":"${column},t","insert":${JSON.stringify(`${literal(value)},'x'`)}}`,
    `{"table":"${name}","column":"${column}","delete":${value}}`,
    `{"table":"${name}","delete":${condition}}`,
  ];
}

function readsOf(name: string, column: string, value: string): readonly string[] {
  return [
    `{"table":"${name}","where":{"${column}":${value}}}`,
    `{"table":"${name}","where":${JSON.stringify(`${literal(value)} >= ${column}`)}}`,
    ...operators.map((by) => `{"table":"${name}","where":{"${column}":{"${by}":${value}}}}`),
    `{"table":"${name}","count":true,"where":${JSON.stringify(`${column} IN (${literal(value)}, 1)`)}}`,
    `{"table":"${name}","limit":${value}}`,
    `{"table":"${name}","limit":1,"offset":${value}}`,
    `{"table":"${name}","orderBy":${value}}`,
  ];
}

const orRefused = <T>(parse: () => T): T | Refusal => {
  try {
    return parse();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
};

let made = 0;
const records: BatchRecord[] = [];
const append: Append = async (content) => {
  records.push(decodeRecord(content) as BatchRecord);
  return { offset: 100 + records.length, checksum: checksumOf(content) };
};

interface Said {
  readonly code?: string;
  readonly field?: string | undefined;
  readonly message?: string;
  readonly ids?: readonly number[];
}

/** Commits bodies together, as the master does. */
async function write(store: Store, ...bodies: readonly string[]): Promise<readonly Said[]> {
  const parsed = bodies.map((body) => orRefused(() => parseWrite(jsonFrom(Buffer.from(body)))));
  const writes = parsed.flatMap((statement) => {
    if (statement instanceof Refusal) return [];
    made += 1;
    // The message is JSON on its way.
    const { shape, rows } = JSON.parse(JSON.stringify(statement)) as typeof statement;
    return [{ shape, message: "api-1", item: { index: made, shape: 0, rows, key: `k${made}` } }];
  });
  const input = { writes, chores: [], epoch: 1, atMs: 0, logMs: 0, limits: unlimited };
  const results = [...done(await committed(ledgerOf(store), input, append))];
  return parsed.map((statement) =>
    statement instanceof Refusal ? statement : (JSON.parse(results.shift()?.body ?? "") as Said),
  );
}

async function read(store: Store, body: string): Promise<unknown> {
  const parsed = orRefused(() => parseRead(jsonFrom(Buffer.from(body))));
  if (parsed instanceof Refusal) return parsed;
  const { shape, params } = parsed;
  const items = [{ index: 0, shape: 0, params }];
  const answers: unknown[] = [];
  const asking = { v: 1, deadlineMs: Date.now() + 60_000, attempt: 1, shapes: [shape], items } as const;
  const limits = { queryMs: 5_000, freshWithinMs: 100, answerWithinMs: 60_000 };
  const reply = replying((some) => answers.push(...some.map(({ body }) => JSON.parse(body.toString()))));
  await answerReads(store, asking, limits, reply);
  return answers[0];
}

const isRefused = (said: unknown): said is Said =>
  typeof said === "object" && said !== null && "code" in said && said.code !== undefined;

/** Only these say that the request is at fault. */
const clientsFault = ["bad_request", "constraint_violation", "unknown_column", "too_large"];

describe("a value of any type at any kind of column", () => {
  it("is written, or refused by its field, in every form, and harms no other write", async (t) => {
    const store = await openCopy(t, { tables });
    const follower = await openCopy(t, { tables });
    let count = 0;
    for (const { name } of tables)
      for (const column of columnNames)
        for (const value of some(values)) {
          const bodies = writesOf(name, column, value);
          records.length = 0;
          const said = await write(store, ...bodies);
          for (const [i, answer] of said.entries()) {
            count += 1;
            if (!isRefused(answer)) continue;
            assert.ok(clientsFault.includes(answer.code ?? ""), `${bodies[i]}: ${JSON.stringify(answer)}`);
            if (answer.code !== "constraint_violation" || answer.message?.includes("UNIQUE") !== true)
              assert.ok(answer.field !== undefined, `${bodies[i]}: ${answer.message}`);
          }
          await follower.apply(records.map((record, n) => entry(1_000 + n, record)));
          await write(store, `{"op":"delete","table":"${name}","where":"1=1"}`);
          await follower.apply(records.slice(-1).map((record) => entry(2_000, record)));
        }
    assert.ok(count > runs(20_000));
    assert.deepEqual(await contentsOf(follower), await contentsOf(store));
  });

  it("is compared, or refused by its field, in every form of read", async (t) => {
    const store = await openCopy(t, { tables });
    for (const { name } of tables) {
      await write(
        store,
        `{"op":"insert","table":"${name}","row":{"id":1,"t":"x"${name === "pairs" ? ',"other":1' : ""}}}`,
      );
      for (const column of columnNames)
        for (const value of some(values))
          for (const body of readsOf(name, column, value)) {
            const said = await read(store, body);
            if (!isRefused(said)) continue;
            assert.ok(clientsFault.includes(said.code ?? ""), `${body}: ${JSON.stringify(said)}`);
            assert.ok(said.field !== undefined, `${body}: ${said.message}`);
          }
    }
  });
});

describe("a value that is taken", () => {
  const numbers = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer());

  it("is stored as it was sent, and found by what was sent", async (t) => {
    const store = await openCopy(t, { tables });
    const sent: fc.Arbitrary<readonly [column: string, value: string | number | boolean]> = fc.oneof(
      fc.tuple(fc.constant("t"), fc.oneof(fc.string({ unit: anyCharacter }), numbers)),
      fc.tuple(fc.constant("i"), fc.maxSafeInteger()),
      fc.tuple(fc.constant("r"), numbers),
      fc.tuple(fc.constant("b"), fc.boolean()),
    );
    await fc.assert(
      fc.asyncProperty(sent, async ([column, value]) => {
        const json = JSON.stringify(value);
        const upsert = `{"op":"upsert","table":"named","row":{"id":"x","${column}":${json}}}`;
        const [said] = await write(store, upsert);
        assert.equal(said?.code, undefined, JSON.stringify(said));
        const [row] = await store.writer.all(`SELECT ${column} AS value FROM named`);
        const stored = column === "b" ? row?.value === 1 : row?.value;
        assert.equal(stored, column === "t" ? String(value) : value === 0 ? 0 : value);
        const body = `{"table":"named","count":true,"where":{"${column}":${json}}}`;
        assert.deepEqual(await read(store, body), [{ count: 1 }], body);
        const listed = `{"table":"named","count":true,"where":{"${column}":[${json}]}}`;
        assert.deepEqual(await read(store, listed), [{ count: 1 }], listed);
      }),
      { numRuns: runs(500) },
    );
  });

  it("keeps all digits of a whole number of 64 bits", async (t) => {
    const store = await openCopy(t, { tables });
    for (const digits of ["9007199254740993", "-9223372036854775808", "9223372036854775807"]) {
      await write(store, `{"op":"upsert","table":"named","row":{"id":"x","i":${digits},"t":${digits}}}`);
      const rows = await store.writer.all("SELECT CAST(i AS TEXT) AS i, t FROM named");
      assert.deepEqual(rows, [{ i: digits, t: digits }]);
    }
  });
});

describe("a value of another type than its column", () => {
  const refused: readonly (readonly [column: string, value: string, message: RegExp])[] = [
    ["t", "true", /must be a text, not true/],
    ["i", "false", /must be a whole number, not false/],
    ["i", "1.5", /must be a whole number, not 1\.5/],
    ["i", "1e300", /must be between -2\^63 and 2\^63-1, not 1e\+300/],
    ["i", "1e400", /must be between -2\^63 and 2\^63-1/],
    ["i", "-9223372036854779999", /must be between -2\^63 and 2\^63-1, not -9223372036854779999/],
    ["i", "9223372036854775808", /cannot store REAL value in INTEGER column/],
    ["i", '"1.5"', /must be a whole number, not "1\.5"/],
    ["i", '"abc"', /must be a whole number, not "abc"/],
    ["r", "true", /must be a number, not true/],
    ["r", "1e400", /a double can hold, not 1e400/],
    ["r", '"-1e400"', /a double can hold/],
    ["r", '"Infinity"', /must be a number/],
    ["b", "2", /must be true or false, not 2/],
    ["b", '"yes"', /must be true or false/],
  ];
  for (const [column, value, message] of refused)
    it(`is refused by the column's name: ${column} ${value}`, async (t) => {
      const store = await openCopy(t, { tables });
      const good = '{"op":"insert","table":"named","row":{"id":"good"}}';
      const [first, said, last] = await write(
        store,
        good,
        `{"op":"insert","table":"named","row":{"id":"x","${column}":${value}}}`,
        good.replace("good", "better"),
      );
      assert.deepEqual(
        [first?.code, said?.code, said?.field, last?.code],
        [undefined, "bad_request", column, undefined],
      );
      assert.match(said?.message ?? "", message);
    });
});

describe("a counted key", () => {
  const insert = (more = "") => `{"op":"insert","table":"counted","row":{"name":"x"${more}}}`;

  it("that a request gives is at most 2^53-1, in every form, so that no request ends the counter", async (t) => {
    const store = await openCopy(t, { tables });
    await write(store, insert());
    for (const id of [
      "9007199254740992",
      "9223372036854775807",
      "-9007199254740992",
      '"9007199254740993"',
      "1e17",
    ]) {
      const bodies = [
        insert(`,"id":${id}`),
        `{"op":"upsert","table":"counted","row":{"id":${id},"name":"x"}}`,
        `{"op":"update","table":"counted","set":{"id":${id}},"where":"1=1"}`,
        `{"query":"insert","table":"counted","values":{"id":${id}}}`,
        `{"table":"counted","column":["id"],"insert":[${id}]}`,
        `{"table":"counted","column":"id,name","insert":${JSON.stringify(`${literal(id)},'x'`)}}`,
      ];
      for (const [i, said] of (await write(store, ...bodies)).entries())
        assert.deepEqual([said.code, said.field], ["bad_request", "id"], bodies[i]);
    }
    const [next] = await write(store, insert());
    assert.deepEqual(next?.ids, [2]);
  });

  it("goes on beyond the largest that a request can give, and is told exactly", async (t) => {
    const store = await openCopy(t, { tables });
    await write(store, insert(',"id":9007199254740991'));
    const input = (key: string) => ({
      writes: [
        {
          shape: { kind: "insert", table: "counted", columns: ["name"] } as const,
          message: "api-1",
          item: { index: 0, shape: 0, rows: [["x"]], key },
        },
      ],
      chores: [],
      epoch: 1,
      atMs: 0,
      logMs: 0,
      limits: unlimited,
    });
    for (const id of ["9007199254740992", "9007199254740993"]) {
      const [result] = done(await committed(ledgerOf(store), input(id), append));
      assert.match(result?.body ?? "", new RegExp(`"ids":\\[${id}\\]`));
    }
  });

  it("whose counter is at its end is another thing than a full disk, and harms no other write", async (t) => {
    const store = await openCopy(t, { tables });
    await store.writer.exec("INSERT INTO counted (id) VALUES (9223372036854775807)");
    const other = '{"op":"insert","table":"named","row":{"id":"x"}}';
    const said = await write(store, other, insert(), insert(), insert(',"id":5'), other.replace("x", "y"));
    assert.deepEqual(
      said.map(({ code, ids }) => code ?? ids),
      [undefined, "constraint_violation", "constraint_violation", [5], undefined],
    );
    assert.match(said[1]?.message ?? "", /counter of table counted is at its end/);
  });
});
