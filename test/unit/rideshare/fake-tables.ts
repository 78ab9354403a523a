// PURE: the RideShare tables as the service's default schema has them, with its keys, references and cascades.
// Every write makes a new value, so that older states stay as they were: a copy that lags behind can be shown.

export type Row = Readonly<Record<string, string | number | null>>;
export type Tables = Readonly<Record<string, readonly Row[]>> & { readonly rideIds: readonly Row[] };
export type Test = (row: Row) => boolean;

interface Reference {
  readonly column: string;
  readonly table: string;
  readonly key: string;
}

const schema: Readonly<
  Record<string, { readonly key: readonly string[]; readonly references: readonly Reference[] }>
> = {
  users: { key: ["username"], references: [] },
  rides: { key: ["ride_id"], references: [{ column: "created_by", table: "users", key: "username" }] },
  riders: {
    key: ["ride_id", "username"],
    references: [
      { column: "ride_id", table: "rides", key: "ride_id" },
      { column: "username", table: "users", key: "username" },
    ],
  },
};

export const emptyTables: Tables = { users: [], rides: [], riders: [], rideIds: [{ next: 1 }] };

/** @returns "conflict" when a key is taken or a referred row does not exist */
export function insert(tables: Tables, table: string, given: Row): Tables | "conflict" {
  const { key, references } = schema[table] ?? { key: [], references: [] };
  const next = Number(tables.rideIds[0]?.next);
  const row = table === "rides" ? { ride_id: next, ...given } : given;
  const rows = tables[table] ?? [];
  if (rows.some((other) => key.every((column) => other[column] === row[column]))) return "conflict";
  const exists = (reference: Reference) =>
    (tables[reference.table] ?? []).some((other) => other[reference.key] === row[reference.column]);
  if (!references.every(exists)) return "conflict";
  const rideIds = table === "rides" ? [{ next: next + 1 }] : tables.rideIds;
  return { ...tables, [table]: [...rows, row], rideIds };
}

export function remove(tables: Tables, table: string, test: Test): Tables {
  const rows = tables[table] ?? [];
  const gone = rows.filter(test);
  if (gone.length === 0) return tables;
  let left: Tables = { ...tables, [table]: rows.filter((row) => !test(row)) };
  for (const [child, { references }] of Object.entries(schema)) {
    for (const reference of references) {
      if (reference.table !== table) continue;
      const keys = new Set(gone.map((row) => row[reference.key]));
      left = remove(left, child, (row) => keys.has(row[reference.column]));
    }
  }
  return left;
}

const passes = (value: string | number | null | undefined, wanted: unknown): boolean =>
  typeof wanted === "object" && wanted !== null && ">" in wanted
    ? (value ?? "") > (wanted[">"] as string | number)
    : value === wanted;

/** Columns with what they equal or come after; of texts only the one that stands for every row. */
export function parseWhere(where: unknown): Test {
  if (where === "1=1") return () => true;
  if (typeof where === "string") throw new Error(`condition not understood: ${where}`);
  const wanted = Object.entries(where ?? {});
  return (row) => wanted.every(([column, value]) => passes(row[column], value));
}
