// The order of a read's rows: `"age desc, name"`, or a list of such texts and of `{"column", "descending"}`.
import { Refusal } from "../../core/errors.ts";
import type { Order } from "../../core/messages/statement.ts";
import { bounds } from "../limits.ts";
import { unquotedName } from "./names.ts";
import { isRecord } from "./values.ts";
import { type Token, tokenize } from "./where-tokens.ts";

const malformed = (field: string): Refusal =>
  new Refusal("bad_request", 'must be `column`, `column desc` or {"column", "descending"}', field);

/** @throws Refusal naming the field */
export function orderFrom(raw: unknown, field: string): readonly Order[] | undefined {
  if (raw === undefined) return undefined;
  const orders =
    typeof raw === "string"
      ? ordersFromText(raw, field)
      : Array.isArray(raw) && raw.length <= bounds.columnsMax
        ? raw.map((entry: unknown, i) => orderOf(entry, `${field}[${i}]`))
        : [];
  if (orders.length === 0 || orders.length > bounds.columnsMax)
    throw new Refusal("bad_request", "must be a list of columns", field);
  return orders;
}

function orderOf(entry: unknown, field: string): Order {
  if (typeof entry === "string") {
    const [order, ...others] = ordersFromText(entry, field);
    if (order !== undefined && others.length === 0) return order;
  }
  if (isRecord(entry)) {
    const { column, descending = false, ...others } = entry;
    if (typeof column === "string" && typeof descending === "boolean" && Object.keys(others).length === 0)
      return { column: unquotedName(column), descending };
  }
  throw malformed(field);
}

const longestMax = bounds.columnsMax * 2 * bounds.nameLengthMax;

/** `"age desc, name"`: a name in quotes or without, with its direction, between commas. */
function ordersFromText(text: string, field: string): readonly Order[] {
  if (text.length > longestMax) throw malformed(field);
  const tokens = tokenize(text, field);
  const orders: Order[] = [];
  let at = 0;
  for (;;) {
    const name = tokens[at] as Token;
    if (name.kind === "end" || name.kind === "symbol" || name.text === "") throw malformed(field);
    const direction = directionOf(tokens[at + 1]);
    orders.push({ column: name.text, descending: direction === "desc" });
    at += direction === undefined ? 1 : 2;
    const next = tokens[at] as Token;
    if (next.kind === "end") return orders;
    if (next.kind !== "symbol" || next.text !== ",") throw malformed(field);
    at += 1;
  }
}

function directionOf(token: Token | undefined): "asc" | "desc" | undefined {
  if (token?.kind !== "word") return undefined;
  const word = token.text.toLowerCase();
  return word === "asc" || word === "desc" ? word : undefined;
}
