// What is exported can be imported, in every form; what was broken off goes on where it stopped.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type ExportFormat, exportTables } from "../../../../cli/data/export.ts";
import { importFile } from "../../../../cli/data/import.ts";
import type { Service } from "../../../../cli/data/service.ts";
import { quickFolder } from "../../../support/quick-folder.ts";
import { FakeService } from "../fake-service.ts";

const ddl = `
  CREATE TABLE z_owner (name TEXT NOT NULL, PRIMARY KEY (name)) STRICT, WITHOUT ROWID;
  CREATE TABLE item (id INTEGER PRIMARY KEY, owner TEXT REFERENCES z_owner(name), size REAL, note TEXT, big INTEGER) STRICT;`;
const content = `
  INSERT INTO z_owner SELECT 'o' || value FROM json_each('[1,2,3]');
  INSERT INTO item VALUES (1, 'o1', 0.1, '', 9007199254740993), (2, NULL, 2.5, NULL, -1), (7, 'o3', NULL, 'a, "b"' || char(10) || ';', 0);`;

let folder = "";
let fakes: FakeService[] = [];
let told = "";
const tell = async (text: string): Promise<void> => {
  told += text;
};

async function cluster(
  ...scripts: readonly string[]
): Promise<{ readonly fake: FakeService; readonly service: Service }> {
  const fake = new FakeService();
  fakes.push(fake);
  const service = await fake.start();
  for (const script of scripts) fake.database.exec(script);
  return { fake, service };
}

const itemsIn = ({ database }: FakeService): unknown => {
  const statement = database.prepare("SELECT * FROM item ORDER BY id");
  statement.setReadBigInts(true);
  return statement.all().map((row) => ({ ...row }));
};

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

async function exported(service: Service, table: string | undefined, format: ExportFormat): Promise<string> {
  let text = "";
  const out = async (more: string): Promise<void> => {
    text += more;
  };
  await exportTables({ service, out }, table, format);
  return text;
}

beforeEach(() => {
  folder = mkdtempSync(join(quickFolder(), "moving-"));
  [fakes, told] = [[], ""];
});
afterEach(() => {
  for (const fake of fakes) fake.close();
  rmSync(folder, { recursive: true });
});

describe("export and import", () => {
  for (const format of ["csv", "ndjson"] as const)
    it(`move a table as ${format}`, async () => {
      const from = await cluster(ddl, content);
      const to = await cluster(ddl, "INSERT INTO z_owner VALUES ('o1'), ('o3')");
      const path = file(`items.${format}`, await exported(from.service, "item", format));
      await importFile({ service: to.service, out: tell, warn: tell }, "item", path, {});
      assert.deepEqual(itemsIn(to.fake), itemsIn(from.fake));
      assert.equal(told, "Imported 3 rows into item.\n");
    });

  it("move all tables as a script, those that others refer to first", async () => {
    const from = await cluster(ddl, content);
    const to = await cluster(ddl);
    const script = await exported(from.service, undefined, "sql");
    assert.match(script, /^INSERT INTO "z_owner"/);
    await importFile(
      { service: to.service, out: tell, warn: tell },
      undefined,
      file("all.sql", `BEGIN;\n${script}COMMIT;`),
      {},
    );
    assert.deepEqual(itemsIn(to.fake), itemsIn(from.fake));
    assert.equal(
      told,
      "passed over 2 statements such as BEGIN and PRAGMA\nRan 6 statements, which changed 6 rows.\n",
    );
  });

  it("move a database with the tables that the cluster has", async () => {
    const database = new DatabaseSync(join(folder, "old.db"));
    database.exec(`${ddl} CREATE TABLE other (x); ${content}`);
    database.close();
    const to = await cluster(ddl);
    await importFile({ service: to.service, out: tell, warn: tell }, undefined, join(folder, "old.db"), {});
    assert.equal(told, "the cluster has no table other: passed over\nImported 6 rows into 2 tables.\n");
  });

  it("read a table of many pages whole, by whatever key", async () => {
    const { service } = await cluster(
      ddl,
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4001)
       INSERT INTO z_owner SELECT printf('%05d', i) FROM n;
       CREATE TABLE loose (word TEXT); INSERT INTO loose SELECT name FROM z_owner`,
    );
    for (const table of ["z_owner", "loose"]) {
      const lines = (await exported(service, table, "csv")).trim().split("\r\n");
      assert.equal(new Set(lines).size, 4002, table);
    }
  });
});

describe("import", () => {
  const lines = (count: number): string =>
    Array.from({ length: count }, (_, i) => `{"id":${i},"note":"n${i}"}\n`).join("");

  it("that was broken off goes on with the same file, and writes nothing twice", async () => {
    const { fake, service } = await cluster("CREATE TABLE item (id INTEGER, note TEXT)");
    const path = file("items.ndjson", lines(4_000));
    fake.writesLeft = 3;
    const importing = { service, out: tell, warn: tell };
    await assert.rejects(importFile(importing, "item", path, {}), /out of order/);
    fake.writesLeft = Number.POSITIVE_INFINITY;
    await importFile(importing, "item", path, {});
    const count = () => ({
      ...fake.database.prepare("SELECT count(*) AS n, count(DISTINCT id) AS ids FROM item").get(),
    });
    assert.deepEqual(count(), { n: 4000, ids: 4000 });
    await importFile(importing, "item", path, { again: true });
    assert.deepEqual(count(), { n: 8000, ids: 4000 });
  });

  it("says what is wrong with a file, and where", async () => {
    const { service } = await cluster(ddl);
    const importing = { service, out: tell, warn: tell };
    for (const [name, text, table, says] of [
      ["a.csv", "name\nx\n1,2\n", "z_owner", /record 3 has 2 fields, the header has 1/],
      ["a.csv", 'name\n"x', "z_owner", /a\.csv: unterminated/],
      ["a.ndjson", '{"name":"x"}\n[1]\n', "z_owner", /line 2 is no JSON object/],
      ["a.txt", "x", "z_owner", /say the format of a\.txt/],
      ["a.csv", "name\nx", undefined, /into a table/],
      ["a.sql", "SELECT 1", "z_owner", /its tables itself/],
      ["a.csv", "nothing\nx", "z_owner", /nothing/],
    ] as const)
      await assert.rejects(importFile(importing, table, file(name, text), {}), says, `${name} ${text}`);
  });
});
