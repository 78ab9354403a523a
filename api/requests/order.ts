// The order of a read's rows: `"age desc, name"`, or a list of such texts and of `{"column", "descending"}`.
import { Refusal } from "../../protocol/errors.ts";
import type { Order } from "../../protocol/statement.ts";
import { bounds } from "./bounds.ts";
import { isRecord } from "./values.ts";

const entryForm = /^\s*(\S+)(?:\s+(asc|desc))?\s*$/i;

/** @throws Refusal naming the field */
export function orderFrom(raw: unknown, field: string): readonly Order[] | undefined {
  if (raw === undefined) return undefined;
  const entries = typeof raw === "string" ? raw.split(",") : raw;
  if (!Array.isArray(entries) || entries.length === 0 || entries.length > bounds.columnsMax)
    throw new Refusal("bad_request", "must be a list of columns", field);
  return entries.map((entry: unknown, i) =>
    orderOf(entry, typeof raw === "string" ? field : `${field}[${i}]`),
  );
}

function orderOf(entry: unknown, field: string): Order {
  if (typeof entry === "string" && entry.length <= 2 * bounds.nameLengthMax) {
    const [, column, direction] = entryForm.exec(entry) ?? [];
    if (column !== undefined) return { column, descending: direction?.toLowerCase() === "desc" };
  }
  if (isRecord(entry)) {
    const { column, descending = false, ...others } = entry;
    if (typeof column === "string" && typeof descending === "boolean" && Object.keys(others).length === 0)
      return { column, descending };
  }
  throw new Refusal("bad_request", 'must be `column`, `column desc` or {"column", "descending"}', field);
}
