import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { splitScript } from "../../../../core/sql/split-script.ts";
import { sqlTokens } from "../../../../core/sql/tokens.ts";
import { runs } from "../../../support/runs.ts";

const trigger = `CREATE TEMP TRIGGER "t;" AFTER INSERT ON a BEGIN
  UPDATE a SET n = CASE WHEN n > 1 THEN 2 ELSE 3 END;
  DELETE FROM b WHERE x = 'END;';
END`;

describe("a script", () => {
  it("is split at semicolons that are in no quotes and no comment", () => {
    const script =
      "SELECT ';', \"a;\"\"b\", `c;`, [d;] /* ; */ -- ;\n; INSERT INTO t VALUES ('it''s;')\n;SELECT 3";
    assert.deepEqual(splitScript(script), {
      statements: ['SELECT \';\', "a;""b", `c;`, [d;] /* ; */ -- ;', "INSERT INTO t VALUES ('it''s;')"],
      rest: "SELECT 3",
    });
  });

  it("leaves out statements that are none", () => {
    assert.deepEqual(splitScript(" ;; -- nothing\n; /* here */ ;SELECT 1; -- the end"), {
      statements: ["SELECT 1"],
      rest: "",
    });
    assert.deepEqual(splitScript(""), { statements: [], rest: "" });
  });

  it("has triggers in one piece, also where they are explained", () => {
    assert.deepEqual(splitScript(`${trigger}; SELECT 1;`).statements, [trigger, "SELECT 1"]);
    assert.deepEqual(splitScript(`EXPLAIN QUERY PLAN ${trigger};`).statements, [
      `EXPLAIN QUERY PLAN ${trigger}`,
    ]);
    const table = "CREATE TABLE trigger (x)";
    assert.deepEqual(splitScript(`${table};SELECT 1;`).statements, [table, "SELECT 1"]);
  });

  it("keeps what is not ended yet", () => {
    for (const rest of [
      "SELECT 'a;",
      'SELECT "a; b',
      "SELECT [a;",
      "/* not yet; ",
      `${trigger.slice(0, -4)}`,
    ])
      assert.deepEqual(splitScript(`SELECT 1; ${rest}`), { statements: ["SELECT 1"], rest: rest.trim() });
  });

  const piece = fc.constantFrom(
    "SELECT 1",
    "INSERT INTO t VALUES ('a;b', \"c;d\")",
    "UPDATE t SET x = CASE WHEN y THEN 1 END -- ; no end\n WHERE z",
    "DELETE FROM [a;b] WHERE `c;` = 'it''s'",
    "CREATE TABLE t (a, b) /* ; */",
    trigger,
    "CREATE TRIGGER x BEFORE DELETE ON t BEGIN SELECT 1; END",
    "BEGIN",
    "END",
  );

  it("gives each of its statements, however they are joined", () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(piece, fc.constantFrom(";", " ;\n", ";;", "; -- note\n", "; /* ; */ "))),
        fc.oneof(piece, fc.constant("")),
        (ended, rest) => {
          const text = ended.map(([statement, end]) => statement + end).join("") + rest;
          assert.deepEqual(splitScript(text), { statements: ended.map(([statement]) => statement), rest });
        },
      ),
      { numRuns: runs(500) },
    ));

  const part = fc.constantFrom(
    "'",
    '"',
    "`",
    "[",
    "]",
    ";",
    "--",
    "\n",
    "/*",
    "*/",
    "END",
    "CREATE TRIGGER",
    " ",
    "é",
    "x",
  );
  it("loses no character of any text, whatever it is", () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(part).map((parts) => parts.join("")),
        ),
        (text) => {
          assert.equal([...sqlTokens(text)].map(({ from, to }) => text.slice(from, to)).join(""), text);
          const { statements, rest } = splitScript(text);
          const again = splitScript(statements.map((statement) => `${statement}\n;`).join("") + rest);
          assert.deepEqual(again, { statements, rest });
        },
      ),
      { numRuns: runs(500) },
    ));
});
