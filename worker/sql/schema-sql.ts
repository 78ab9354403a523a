// PURE: names as SQL writes them, and tables in the order in which they can be emptied.
import { migrate, quoted } from "../../core/rules/migration.ts";
import type { Schema, Table } from "../../core/schema.ts";

export { migrate, quoted };
export const quotedList = (identifiers: readonly string[]): string => identifiers.map(quoted).join(", ");

/** Children before the tables they refer to, so that emptying in this order breaks no reference. */
export function childrenFirst(schema: Schema): readonly Table[] {
  const ordered: Table[] = [];
  const visit = (table: Table, above: ReadonlySet<string>): void => {
    if (ordered.includes(table) || above.has(table.name)) return;
    const path = new Set([...above, table.name]);
    for (const other of schema.tables)
      if (other.columns.some((column) => column.references?.table === table.name)) visit(other, path);
    ordered.push(table);
  };
  for (const table of schema.tables) visit(table, new Set());
  return ordered;
}
