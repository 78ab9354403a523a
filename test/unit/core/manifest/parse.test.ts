import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ManifestError } from "../../../../core/manifest/manifest.ts";
import { parseManifest } from "../../../../core/manifest/parse.ts";

const head = "apiVersion: dbaas.rideshare/v1\nkind: Database\nmetadata:\n  name: rides\n";
const withSpec = (...lines: readonly string[]) =>
  `${head}spec:\n${lines.map((line) => `  ${line}\n`).join("")}`;
const tables = (...lines: readonly string[]) =>
  withSpec("paused: false", "database:", "  tables:", ...lines.map((line) => `    ${line}`));

/** Where the mark stands, and the text without it. */
function unmark(text: string): { readonly text: string; readonly at: string } {
  const before = text.slice(0, text.indexOf("¦")).split("\n");
  return { text: text.replace("¦", ""), at: `${before.length}:${(before.at(-1)?.length ?? 0) + 1}` };
}

function problemsOf(text: string): readonly string[] {
  try {
    parseManifest(text);
  } catch (error) {
    assert.ok(error instanceof ManifestError, String(error));
    return error.problems.map(({ line, column, path, message }) => `${line}:${column} ${path} ${message}`);
  }
  return [];
}

describe("parseManifest", () => {
  it("accepts the default manifest, which states the defaults", () => {
    const text = readFileSync(join(process.cwd(), "manifests", "dbaas.yaml"), "utf8");
    const { spec, metadata } = parseManifest(text);
    assert.equal(metadata.name, "rideshare");
    const { database, ...rest } = spec;
    const { database: none, ...defaults } = parseManifest(withSpec("paused: false")).spec;
    assert.deepEqual(rest, defaults);
    assert.deepEqual(none, { tables: [] });
    assert.deepEqual(
      database.tables.map(({ name, primaryKey }) => [name, primaryKey]),
      [
        ["users", ["username"]],
        ["rides", ["ride_id"]],
        ["riders", ["ride_id", "username"]],
      ],
    );
  });

  it("reads durations and sizes", () => {
    const { spec } = parseManifest(
      withSpec("scaling: { window: 1m30s }", "worker: { memory: 256Mi }", "requests: { queryTime: 250ms }"),
    );
    assert.equal(spec.scaling.windowMs, 90_000);
    assert.equal(spec.worker.memoryBytes, 256 * 2 ** 20);
    assert.equal(spec.requests.queryMs, 250);
  });

  it("tells every problem at once, in the order of the text", () =>
    assert.deepEqual(
      problemsOf(
        withSpec(
          "scaling:",
          "  reedsPerSlave: 3",
          "  window: 7",
          "worker: []",
          "paused: maybe",
          "surprise: 1",
        ),
      ),
      [
        "7:5 spec.scaling.reedsPerSlave is not a known field here (did you mean `readsPerSlave`?)",
        '8:13 spec.scaling.window must be a duration such as "2m", "10s" or "250ms", not the number 7',
        "9:11 spec.worker must be a mapping, not a list",
        "10:11 spec.paused must be true or false, not a text",
        "11:3 spec.surprise is not a known field here",
      ],
    ));

  it("refuses a minimum above the maximum, and a baseline outside", () => {
    assert.deepEqual(problemsOf(withSpec("scaling: { min: 5, max: 2, baseline: 5 }")), [
      "6:27 spec.scaling.max must be at least min: min is 5, max is 2",
    ]);
    assert.deepEqual(problemsOf(withSpec("scaling: { max: 2, baseline: 3 }")), [
      "6:32 spec.scaling.baseline must be from min to max (1 to 2), not 3",
    ]);
  });

  it("refuses a query time nobody would wait for", () =>
    assert.deepEqual(problemsOf(withSpec("requests: { timeout: 1s, queryTime: 2s }")), [
      "6:39 spec.requests.queryTime must not be longer than timeout: the client would be gone before the answer",
    ]));

  it("names the fields that are missing", () =>
    assert.deepEqual(problemsOf("spec:\n  paused: true\n"), [
      "1:1 (document) lacks the field `apiVersion`",
      "1:1 (document) lacks the field `kind`",
      "1:1 (document) lacks the field `metadata`",
    ]));

  it("refuses another kind and another version", () =>
    assert.deepEqual(
      problemsOf("apiVersion: dbaas.rideshare/v2\nkind: Pod\nmetadata: { name: a }\nspec: {}\n"),
      [
        '1:13 apiVersion must be dbaas.rideshare/v1, not "dbaas.rideshare/v2"',
        '2:7 kind must be Database, not "Pod"',
      ],
    ));

  for (const [what, text, problem] of [
    ["an empty text", "", "1:1 (document) is empty"],
    ["only comments", "# nothing\n", "1:1 (document) is empty"],
    ["a list", "- a\n", "1:1 (document) must be a mapping, not a list"],
    ["a bare text", "hello", "1:1 (document) must be a mapping, not a text"],
    ["a key given twice", `${head}kind: Database\n`, "5:1 (document) Map keys must be unique"],
    [
      "a huge text",
      "#".repeat(2 ** 20 + 1),
      "1:1 (document) is longer than 1048576 characters: this is no manifest",
    ],
  ] as const)
    it(`refuses ${what}`, () => assert.equal(problemsOf(text)[0], problem));

  it("refuses broken YAML with its place", () => {
    const [problem] = problemsOf(`${head}spec:\n  paused: [\n`);
    assert.match(problem ?? "", /^\d+:\d+ \(document\) /);
  });

  it("refuses aliases that multiply", () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c]\n`;
    assert.equal(problemsOf(bomb).length, 1);
  });

  it("is not fooled by names of the prototype", () => {
    assert.ok(
      problemsOf(withSpec("__proto__: { paused: true }")).some((problem) => problem.includes("__proto__")),
    );
    assert.ok(problemsOf(withSpec("constructor: 1")).some((problem) => problem.includes("constructor")));
  });

  it("never fails otherwise than with problems that have a place", () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.string().map((text) => withSpec(text)),
        ),
        (text) => {
          for (const problem of problemsOf(text)) assert.match(problem, /^[1-9]\d*:[1-9]\d* \S/);
        },
      ),
    ));
});

describe("parseManifest, tables", () => {
  const users = "- { name: users, primaryKey: name, columns: [{ name: name, type: text }] }";

  it("takes a single name for a list of one", () => {
    const [table] = parseManifest(tables(users)).spec.database.tables;
    assert.deepEqual(table, {
      name: "users",
      primaryKey: ["name"],
      columns: [{ name: "name", type: "text" }],
    });
  });

  for (const [what, line, problem] of [
    [
      "a primary key that names no column",
      "- { name: t, primaryKey: [¦idd], columns: [{ name: id, type: integer }] }",
      "spec.database.tables[0].primaryKey[0] names no column of this table: `idd` (did you mean `id`?)",
    ],
    [
      "an index that names no column",
      "- { name: t, primaryKey: id, columns: [{ name: id, type: integer }], indexes: [{ columns: [¦x] }] }",
      "spec.database.tables[0].indexes[0].columns[0] names no column of this table: `x`",
    ],
    [
      "columns that differ only in case",
      "- { name: t, primaryKey: id, columns: [{ name: id, type: integer }, { name: ¦ID, type: text }] }",
      "spec.database.tables[0].columns[1].name repeats the column `ID`",
    ],
    [
      "an automatic number that is not the whole key",
      "- { name: t, primaryKey: [a, b], columns: [{ name: a, type: integer, autoIncrement: ¦true }, { name: b, type: text }] }",
      "spec.database.tables[0].columns[0].autoIncrement is only for the one integer column of a primary key",
    ],
    [
      "an unknown type",
      "- { name: t, primaryKey: id, columns: [{ name: id, type: ¦int }] }",
      'spec.database.tables[0].columns[0].type must be one of text, integer, real, boolean, not "int"',
    ],
    [
      "a default that does not fit",
      "- { name: t, primaryKey: id, columns: [{ name: id, type: integer, default: ¦x }] }",
      "spec.database.tables[0].columns[0].default does not fit a column of type integer",
    ],
    ...[".inf", "-.inf", ".nan", "1e400"].map(
      (value) =>
        [
          `the default ${value}, which no column can hold`,
          `- { name: t, primaryKey: id, columns: [{ name: id, type: text }, { name: r, type: real, default: ¦${value} }] }`,
          `spec.database.tables[0].columns[1].default must be a number, not ${Number(value.replace(".inf", "Infinity").replace(".nan", "NaN"))}`,
        ] as const,
    ),
    ...['"a\\0b"', '"\\uD800"'].map(
      (value) =>
        [
          `the default ${value}, which no text can hold`,
          `- { name: t, primaryKey: id, columns: [{ name: id, type: text, default: ¦${value} }] }`,
          "spec.database.tables[0].columns[0].default must be a text without NUL characters and without halves of a surrogate pair",
        ] as const,
    ),
    [
      "an index that is there already",
      "- { name: t, primaryKey: id, columns: [{ name: id, type: integer }], indexes: [{ columns: [id] }, ¦{ columns: id }] }",
      "spec.database.tables[0].indexes[1] repeats the `index on t (id)`",
    ],
    [
      "a name that the SQL of requests needs",
      "- { name: ¦JSON_Each, primaryKey: id, columns: [{ name: id, type: integer }] }",
      "spec.database.tables[0].name is a name that SQLite keeps for itself: `JSON_Each`",
    ],
    [
      "a name that SQLite keeps for itself",
      "- { name: ¦sqlite_x, primaryKey: id, columns: [{ name: id, type: integer }] }",
      'spec.database.tables[0].name must be letters, digits and _, start with no digit, _dbaas or sqlite_, and have at most 63 characters, not "sqlite_x"',
    ],
    [
      "a name that is no identifier",
      "- { name: t, primaryKey: id, columns: [{ name: ¦'id; DROP', type: integer }, { name: id, type: text }] }",
      'spec.database.tables[0].columns[0].name must be letters, digits and _, start with no digit, _dbaas or sqlite_, and have at most 63 characters, not "id; DROP"',
    ],
    [
      "a reference to no table",
      "- { name: t, primaryKey: id, columns: [{ name: id, type: integer, references: { table: ¦user, column: id } }] }",
      "spec.database.tables[0].columns[0].references.table names no table: `user`",
    ],
    [
      "a reference to a column that is not unique",
      "- { name: t, primaryKey: id, columns: [{ name: id, type: integer }, { name: a, type: integer }, { name: b, type: integer, references: { table: t, column: ¦a } }] }",
      "spec.database.tables[0].columns[2].references.column must be unique or the primary key of `t`: `a` is neither",
    ],
    [
      "a reference to a column of another type",
      "- { name: t, primaryKey: id, columns: [{ name: id, type: integer }, { name: b, type: text, references: { table: t, column: ¦id } }] }",
      "spec.database.tables[0].columns[1].references.column is of type integer, but `b` is of type text",
    ],
    [
      "a table without columns",
      "- { name: t, primaryKey: id, columns: ¦[] }",
      "spec.database.tables[0].columns must have 1 to 512 entries, has 0",
    ],
  ] as const)
    it(`refuses ${what}`, () => {
      const { text, at } = unmark(tables(line));
      assert.deepEqual(problemsOf(text), [`${at} ${problem}`]);
    });

  it("refuses two tables of one name", () =>
    assert.deepEqual(problemsOf(tables(users, users.replace("users", "Users"))), [
      "10:17 spec.database.tables[1].name repeats the table `Users`",
    ]));

  it("accepts indexes that differ in their columns or in being unique, whatever their names would join to", () => {
    const line =
      "- { name: t, primaryKey: a, columns: [{ name: a, type: text }, { name: b, type: text }, { name: a_b, type: text }], indexes: [{ columns: [a, b] }, { columns: a_b }, { columns: a_b, unique: true }] }";
    assert.deepEqual(problemsOf(tables(line)), []);
  });

  it("gives what comes back from JSON as it is, so that no manifest looks changed for ever", () => {
    const line =
      "- { name: t, primaryKey: a, columns: [{ name: a, type: text }, { name: r, type: real, default: -0.0 }] }";
    const { spec } = parseManifest(tables(line));
    assert.deepEqual(JSON.parse(JSON.stringify(spec)), spec);
    assert.ok(Object.is(spec.database.tables[0]?.columns[1]?.default, 0));
  });

  it("refuses what is too large to be kept in ZooKeeper, naming the limit", () => {
    const large = (i: number) =>
      `- {name: t${i}, primaryKey: a, columns: [{name: a, type: text}, {name: b, type: text, default: ${"x".repeat(92_000)}}]}`;
    const text = tables(...Array.from({ length: 10 }, (_, i) => large(i)));
    assert.ok(text.length < 1024 * 1024);
    assert.match(
      problemsOf(text)[0] ?? "",
      /^1:1 \(document\) takes \d+ bytes to keep, and must not take more than 900000$/,
    );
  });

  it("accepts a reference to a unique column, to a unique index, and to the own table", () => {
    const parent =
      "- { name: p, primaryKey: id, columns: [{ name: id, type: integer }, { name: a, type: text, unique: true }, { name: b, type: text }, { name: up, type: integer, references: { table: p, column: id } }], indexes: [{ columns: b, unique: true }] }";
    const child =
      "- { name: c, primaryKey: a, columns: [{ name: a, type: text, references: { table: p, column: a } }, { name: b, type: text, references: { table: p, column: b, onDelete: cascade } }] }";
    assert.deepEqual(problemsOf(tables(parent, child)), []);
  });
});
