// PURE. What clients ask db/write and db/read for, in row forms and in SQL. Both ways must be equally safe.

/** A client speaks one of the two. */
export interface Forms {
  readonly addToLedger: (op: string, parts: number, client: string) => object;
  readonly setRegister: (name: string, value: number) => object;
  readonly readRegister: (name: string) => object;
  readonly countLedger: (client: string) => object;
}

/** Upsert and update do the same to a register that is there; which of them is sent follows from the value. */
const isUpsert = (value: number): boolean => value === 1 || value % 2 === 0;

const ledgerRow = (op: string, part: number, client: string) => ({ op, part, client });

export const rowForms: Forms = {
  addToLedger: (op, parts, client) => ({
    op: "insert",
    table: "ledger",
    rows: Array.from({ length: parts }, (_, part) => ledgerRow(op, part, client)),
  }),
  setRegister: (name, value) =>
    isUpsert(value)
      ? { op: "upsert", table: "registers", row: { name, value } }
      : { op: "update", table: "registers", set: { value }, where: { name } },
  readRegister: (name) => ({ table: "registers", columns: ["value"], where: { name } }),
  countLedger: (client) => ({ table: "ledger", count: true, where: { client } }),
};

const insertPart = "INSERT INTO ledger (op, part, client) VALUES (?, ?, ?)";

export const sqlForms: Forms = {
  addToLedger: (op, parts, client) => {
    const statement = (part: number) =>
      part % 2 === 0
        ? { sql: insertPart, params: [op, part, client] }
        : { op: "insert", table: "ledger", row: ledgerRow(op, part, client) };
    return parts === 1 ? statement(0) : { statements: Array.from({ length: parts }, (_, i) => statement(i)) };
  },
  setRegister: (name, value) =>
    isUpsert(value)
      ? {
          sql: "INSERT INTO registers VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
          params: [name, value],
        }
      : { sql: "UPDATE registers SET value = :value WHERE name = :name", params: { name, value } },
  readRegister: (name) => ({ sql: "SELECT value FROM registers WHERE name = ?", params: [name] }),
  countLedger: (client) => ({ sql: "SELECT count(*) FROM ledger WHERE client = ?", params: [client] }),
};

/** Of the first row, in an answer to either of them; undefined where there is none. */
export function firstValueIn(body: unknown): unknown {
  if (Array.isArray(body)) return Object.values(body[0] ?? {})[0];
  const { rows } = (body ?? {}) as { readonly rows?: readonly (readonly unknown[])[] };
  return rows?.[0]?.[0];
}
