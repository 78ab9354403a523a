// The schemas of the worker's tests.
import type { Column, Schema, Table } from "../../../core/schema.ts";

export const text = (name: string, more: Partial<Column> = {}): Column => ({ name, type: "text", ...more });
export const integer = (name: string, more: Partial<Column> = {}): Column => ({
  name,
  type: "integer",
  ...more,
});

export const table = (
  name: string,
  columns: readonly Column[],
  primaryKey: readonly string[],
  more: Partial<Table> = {},
): Table => ({ name, columns, primaryKey, ...more });

/** One table of each sort: a key of the client's, a counted key, a combined key with references. */
export const shop: Schema = {
  tables: [
    table(
      "people",
      [
        text("name", { notNull: true }),
        integer("age"),
        { name: "score", type: "real" },
        { name: "active", type: "boolean", default: true },
        text("mail", { unique: true }),
      ],
      ["name"],
    ),
    table("orders", [integer("id", { autoIncrement: true }), text("item", { notNull: true })], ["id"], {
      indexes: [{ columns: ["item"] }],
    }),
    table(
      "buyers",
      [
        integer("order", { references: { table: "orders", column: "id", onDelete: "cascade" } }),
        text("name", { references: { table: "people", column: "name", onDelete: "restrict" } }),
      ],
      ["order", "name"],
    ),
  ],
};
