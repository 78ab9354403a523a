// `import`: rows of a file into the cluster, in parts under keys that are made of the file's own hash and the part's number. An import
// that was broken off is started again with the same file: what was written already is not written twice.
import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import { createInterface } from "node:readline";
import { parseJson } from "../../client/json.ts";
import { messageOf } from "../../core/errors.ts";
import { splitScript } from "../../core/sql/split-script.ts";
import { CliError, exitCodes } from "../exit.ts";
import { CsvReader, type Field } from "./csv.ts";
import { loadTables, severalAtATime } from "./load.ts";
import { Progress } from "./progress.ts";
import { keyOfPart, type Service } from "./service.ts";
import { SqliteFile } from "./sqlite-file.ts";
import { chunked, inOrder, insertOf, type SqlStatement } from "./tables.ts";

export type ImportFormat = "csv" | "ndjson" | "sql" | "sqlite";

export interface Importing {
  readonly service: Service;
  readonly out: (text: string) => Promise<void>;
  readonly warn: (text: string) => Promise<void>;
}

export interface ImportOptions {
  readonly format?: ImportFormat;
  /** Also what was imported from this file before. */
  readonly again?: true;
}

const endings: Readonly<Record<string, ImportFormat>> = {
  ".csv": "csv",
  ".ndjson": "ndjson",
  ".jsonl": "ndjson",
  ".sql": "sql",
  ".db": "sqlite",
  ".sqlite": "sqlite",
  ".sqlite3": "sqlite",
};

const usage = (message: string): CliError => new CliError(exitCodes.usage, message);

export async function importFile(
  importing: Importing,
  table: string | undefined,
  path: string,
  options: ImportOptions,
): Promise<void> {
  const format = options.format ?? endings[extname(path).toLowerCase()];
  if (format === undefined)
    throw usage(`say the format of ${basename(path)}: --format csv, ndjson, sql or sqlite`);
  if ((format === "csv" || format === "ndjson") !== (table !== undefined))
    throw usage(
      table === undefined
        ? `a file of ${format} is imported into a table: import TABLE FILE`
        : `a file of ${format} has its tables itself: import FILE`,
    );
  const source = options.again === true ? randomUUID() : await hashOf(path);
  if (format === "sqlite") return importDatabase(importing, path, source);
  if (format === "sql") return importScript(importing, path, source);
  await importRows(importing, String(table), path, format, source);
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

interface Part {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

async function importRows(
  { service, out }: Importing,
  table: string,
  path: string,
  format: "csv" | "ndjson",
  source: string,
): Promise<void> {
  const progress = new Progress("importing", undefined);
  let number = 0;
  const parts = format === "csv" ? csvParts(path) : ndjsonParts(path);
  await severalAtATime(parts, async ({ columns, rows }) => {
    number += 1;
    await service.write(insertOf(table, columns, rows), keyOfPart(source, `${table} ${number}`));
    await progress.add(rows.length);
  }).finally(() => progress.end());
  await out(`Imported ${progress.done} rows into ${table}.\n`);
}

const partRows = 2_000;

async function* csvParts(path: string): AsyncGenerator<Part, void> {
  const reader = new CsvReader();
  let columns: readonly string[] | undefined;
  let rows: (readonly Field[])[] = [];
  let record = 0;
  const take = (fields: readonly Field[]): void => {
    record += 1;
    if (columns === undefined) columns = fields.map((name) => name ?? "");
    else if (fields.length === columns.length) rows.push(fields);
    else
      throw new CliError(
        exitCodes.failed,
        `record ${record} has ${fields.length} fields, the header has ${columns.length}`,
      );
  };
  try {
    for await (const text of createReadStream(path, { encoding: "utf8" })) {
      for (const fields of reader.read(record === 0 ? String(text).replace(/^\ufeff/, "") : String(text)))
        take(fields);
      if (rows.length < partRows || columns === undefined) continue;
      for (const part of chunked(rows, columns.length)) yield { columns, rows: part };
      rows = [];
    }
    for (const fields of reader.end()) take(fields);
  } catch (error) {
    throw error instanceof CliError
      ? error
      : new CliError(exitCodes.failed, `${basename(path)}: ${messageOf(error)}`);
  }
  if (columns !== undefined) for (const part of chunked(rows, columns.length)) yield { columns, rows: part };
}

/** As the API takes a value: what JSON has, and blobs; what is nested is kept as JSON. */
function jsonParam(value: unknown): unknown {
  if (typeof value === "bigint") return { integer: String(value) };
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value !== "object" || value === null) return value;
  const keys = Object.keys(value);
  return keys.length === 1 && keys[0] === "base64" ? value : JSON.stringify(value);
}

async function* ndjsonParts(path: string): AsyncGenerator<Part, void> {
  let columns: readonly string[] = [];
  let rows: (readonly unknown[])[] = [];
  let number = 0;
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) {
    number += 1;
    if (line.trim() === "") continue;
    const row = rowIn(line, number);
    const names = Object.keys(row);
    if (rows.length >= partRows || names.join("\n") !== columns.join("\n")) {
      for (const part of chunked(rows, columns.length)) yield { columns, rows: part };
      [columns, rows] = [names, []];
    }
    rows.push(Object.values(row).map(jsonParam));
  }
  for (const part of chunked(rows, columns.length)) yield { columns, rows: part };
}

function rowIn(line: string, number: number): Readonly<Record<string, unknown>> {
  let row: unknown;
  try {
    row = parseJson(line);
  } catch {
    row = undefined;
  }
  if (typeof row !== "object" || row === null || Array.isArray(row) || Object.keys(row).length === 0)
    throw new CliError(exitCodes.failed, `line ${number} is no JSON object with columns and values`);
  return row as Readonly<Record<string, unknown>>;
}

const scriptBytesMax = 256 * 1024 * 1024;
const statementsMax = 100;
const batchBytesMax = 256 * 1024;
/** What a dump of SQLite stands between, and the service does by itself. */
const passedOver = /^(BEGIN|COMMIT|END|PRAGMA|ANALYZE)\b/i;

async function importScript({ service, out, warn }: Importing, path: string, source: string): Promise<void> {
  if ((await stat(path)).size > scriptBytesMax)
    throw new CliError(exitCodes.failed, `a script has ${scriptBytesMax} bytes at most: split it`);
  const { statements, rest } = splitScript(await readFile(path, "utf8"));
  const all = rest === "" ? statements : [...statements, rest];
  const progress = new Progress("importing", all.length, "statements");
  const passed = all.filter((sql) => passedOver.test(sql)).length;
  const batches = batchesOf(all.filter((sql) => !passedOver.test(sql)));
  let rows = 0;
  // In their order: each may need what those before it did.
  for (const [i, batch] of batches.entries()) {
    const answer = await service.together(batch, keyOfPart(source, `script ${i}`));
    rows += answer.rowsAffected;
    await progress.add(batch.length);
  }
  await progress.end();
  if (passed > 0) await warn(`passed over ${passed} statements such as BEGIN and PRAGMA\n`);
  await out(`Ran ${progress.done} statements, which changed ${rows} rows.\n`);
}

function batchesOf(statements: readonly string[]): readonly (readonly SqlStatement[])[] {
  const batches: SqlStatement[][] = [];
  let bytes = 0;
  for (const sql of statements) {
    const last = batches.at(-1);
    if (last !== undefined && last.length < statementsMax && bytes + sql.length <= batchBytesMax)
      last.push({ sql, params: [] });
    else {
      batches.push([{ sql, params: [] }]);
      bytes = 0;
    }
    bytes += sql.length;
  }
  return batches;
}

/** All tables of the file that the cluster has. */
async function importDatabase(
  { service, out, warn }: Importing,
  path: string,
  source: string,
): Promise<void> {
  const file = SqliteFile.open(path);
  try {
    file.check();
    const there = new Set((await service.tables()).map(({ name }) => name.toLowerCase()));
    const tables = file.tables();
    const known = tables.filter(({ name }) => there.has(name.toLowerCase()));
    for (const { name } of tables)
      if (!there.has(name.toLowerCase())) await warn(`the cluster has no table ${name}: passed over\n`);
    const progress = new Progress(
      "importing",
      known.reduce((sum, { rows }) => sum + rows, 0),
    );
    await loadTables({ service, file, source, progress, warn }, inOrder(known)).finally(() => progress.end());
    await out(`Imported ${progress.done} rows into ${known.length} tables.\n`);
  } finally {
    file.close();
  }
}
