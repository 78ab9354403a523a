// PURE but for its counters. What the load generator asks, as whole HTTP requests, and what must come back.
import { type Account, accountColumns, accountOf, tables } from "./rows.ts";

export type WorkloadSpec =
  /** One row by its key, evenly over `rows` rows; in SQL where it says so. */
  | { readonly kind: "read"; readonly rows: number; readonly seed: number; readonly sql?: boolean }
  /** One row each, with ids from `firstId` upwards. */
  | { readonly kind: "write"; readonly firstId: number; readonly sql?: boolean }
  /** A write after every `readsPerWrite` reads. */
  | {
      readonly kind: "mixed";
      readonly rows: number;
      readonly seed: number;
      readonly firstId: number;
      readonly readsPerWrite: number;
    };

export interface Request {
  readonly bytes: Buffer;
  /** @returns what is wrong with the answer's body, or null */
  readonly verify: (body: Buffer) => string | null;
}

export interface Workload {
  next(): Request;
}

const paths = { read: "/api/v1/db/read", write: "/api/v1/db/write" } as const;

export function httpPost(path: string, body: string): Buffer {
  const head =
    `POST ${path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
  return Buffer.from(head + body);
}

export function workloadOf(spec: WorkloadSpec): Workload {
  switch (spec.kind) {
    case "read":
      return readWorkload(spec.rows, spec.seed, spec.sql === true ? sqlRead : rowRead);
    case "write":
      return writeWorkload(spec.firstId, spec.sql === true ? sqlInsert : rowInsert);
    case "mixed": {
      const reads = readWorkload(spec.rows, spec.seed, rowRead);
      const writes = writeWorkload(spec.firstId, rowInsert);
      let turn = 0;
      return { next: () => (turn++ % (spec.readsPerWrite + 1) === 0 ? writes.next() : reads.next()) };
    }
  }
}

/** How a row is asked for by its id, and the JSON of the right answer. */
interface ReadForm {
  readonly body: (id: number) => string;
  readonly answer: (account: Account) => string;
}

const rowStart = `${JSON.stringify({ table: tables.read, columns: accountColumns }).slice(0, -1)},"where":{"id":`;
const rowRead: ReadForm = {
  body: (id) => `${rowStart}${id}}}`,
  answer: (account) => JSON.stringify([account]),
};

const selected = `SELECT ${accountColumns.join(", ")} FROM ${tables.read} WHERE id = ?`;
const sqlStart = `{"sql":"${selected}","params":[`;
const sqlColumns = JSON.stringify([
  { name: "id", type: "INTEGER" },
  { name: "owner", type: "TEXT" },
  { name: "balance", type: "INTEGER" },
  { name: "note", type: "TEXT" },
]);
const sqlRead: ReadForm = {
  body: (id) => `${sqlStart}${id}]}`,
  answer: (account) =>
    `{"columns":${sqlColumns},"rows":${JSON.stringify([accountColumns.map((column) => account[column])])}}`,
};

type InsertBody = (account: Account) => string;

const rowInsert: InsertBody = (account) =>
  JSON.stringify({ op: "insert", table: tables.written, rows: [account] });

const inserted = `INSERT INTO ${tables.written} (${accountColumns.join(", ")}) VALUES (?, ?, ?, ?)`;
const sqlInsert: InsertBody = (account) =>
  JSON.stringify({ sql: inserted, params: accountColumns.map((column) => account[column]) });

function readWorkload(rows: number, seed: number, { body, answer }: ReadForm): Workload {
  const random = randomOf(seed);
  return {
    next: () => {
      const id = 1 + (random() % rows);
      return {
        bytes: httpPost(paths.read, body(id)),
        verify: (got) => differs(got, answer(accountOf(id))),
      };
    },
  };
}

function writeWorkload(firstId: number, bodyOf: InsertBody): Workload {
  let id = firstId - 1;
  return {
    next: () => {
      id += 1;
      return { bytes: httpPost(paths.write, bodyOf(accountOf(id))), verify: notAnObject };
    },
  };
}

function differs(body: Buffer, wanted: string): string | null {
  const text = body.toString("utf8");
  if (text === wanted) return null;
  try {
    // The same rows, written with other spaces.
    if (JSON.stringify(JSON.parse(text)) === wanted) return null;
  } catch {
    // Not JSON: told below as it came.
  }
  return `wanted ${wanted}, got ${text.slice(0, 200)}`;
}

const notAnObject = (body: Buffer): string | null =>
  body[0] === 0x7b ? null : `wanted an object, got ${body.toString("utf8", 0, 200)}`;

/** Xorshift: quick, and the same sequence for the same seed, so that two systems get the same questions. */
function randomOf(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Bodies that fill a table, as few requests as the service's largest body allows. */
export function* fillingBodies(table: string, firstId: number, rows: number, rowsPerBody: number) {
  for (let done = 0; done < rows; done += rowsPerBody) {
    const batch: Account[] = [];
    for (let i = done; i < Math.min(rows, done + rowsPerBody); i++) batch.push(accountOf(firstId + i));
    yield JSON.stringify({ op: "insert", table, rows: batch });
  }
}
