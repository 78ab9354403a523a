// PURE. A request's shape and values as they came -> as they are carried out on a table: values fitted to their columns, words
// that are columns put into the shape as such. Only what is settled reaches SQL or the log, so that a copy which applies it
// later needs no schema of that moment.
import { Refusal } from "../../core/errors.ts";
import { type Condition, isColumns, type Param, type Value } from "../../core/messages/statement.ts";
import type { Column, Table } from "../../core/schema.ts";
import { changedValue, comparedPattern, comparedValue, storedValue } from "./fit-values.ts";

/** What a parameter is for. */
export interface Use {
  readonly param: number;
  readonly column: Column;
  /** Only a new row has its key counted in the place of null: that is what sets a new value apart from a changed one. */
  readonly as: "inserted" | "changed" | "compared" | "listed" | "pattern";
  /** Whether the value, or which values of the list, may name a column. */
  readonly words?: true | readonly number[] | undefined;
}

/** Columns that stand in lists of one condition, each of which becomes a comparison. */
const listedColumnsMax = 256;

const columnOf = (table: Table, name: string): Column | undefined =>
  table.columns.find((column) => column.name === name);

/** The uses of the parameters in a condition. Columns that the table has not are refused where they are compiled. */
export function conditionUses(table: Table, condition: Condition): readonly Use[] {
  switch (condition.op) {
    case "and":
    case "or":
      return condition.of.flatMap((part) => conditionUses(table, part));
    case "not":
      return conditionUses(table, condition.of);
    case "const":
    case "isNull":
      return [];
    default: {
      const column = columnOf(table, condition.column);
      return column === undefined ? [] : valueUses(column, condition);
    }
  }
}

function valueUses(
  column: Column,
  condition: Extract<Condition, { readonly column: string }>,
): readonly Use[] {
  if (condition.op === "isNull" || isColumns(condition)) return [];
  if (condition.op === "in")
    return [{ param: condition.param, column, as: "listed", words: condition.words }];
  if (condition.op !== "like")
    return [{ param: condition.param, column, as: "compared", words: condition.word }];
  const param = "pattern" in condition ? condition.pattern : condition.param;
  return [{ param, column, as: "pattern", words: condition.word }];
}

/** The uses of values that stand in the order of `columns`. */
export const storedUses = (
  table: Table,
  columns: readonly string[],
  as: "inserted" | "changed",
): readonly Use[] =>
  columns.flatMap((name, param) => {
    const column = columnOf(table, name);
    return column === undefined ? [] : [{ param, column, as }];
  });

/**
 * @returns the values as their columns take them: the same list when nothing had to be changed; undefined when a word among
 * them is a column of the table, so that the condition changes, too
 * @throws Refusal for a value that does not fit
 */
export function fitted(
  table: Table,
  uses: readonly Use[],
  params: readonly Param[],
): readonly Param[] | undefined {
  let changed: Param[] | undefined;
  for (const use of uses) {
    const param = params[use.param];
    if (param === undefined) continue;
    const fit = fittedParam(table, use, param);
    if (fit === undefined) return undefined;
    if (fit === param) continue;
    changed ??= [...params];
    changed[use.param] = fit;
  }
  return changed ?? params;
}

function fittedParam(table: Table, { as, column, words }: Use, param: Param): Param | undefined {
  if (as === "inserted") return storedValue(param as Value, column);
  if (as === "changed") return changedValue(param as Value, column);
  if (as === "listed")
    return fittedList(table, column, param as readonly Value[], words as readonly number[] | undefined);
  const value = param as Value;
  if (words !== undefined && isColumnName(table, value)) {
    if (as === "compared") return undefined;
    const message = `LIKE takes a pattern: ${JSON.stringify(value)} is a column, as a pattern it needs single quotes`;
    throw new Refusal("bad_request", message, "where");
  }
  return as === "pattern" ? comparedPattern(value) : comparedValue(value, column);
}

const isColumnName = (table: Table, value: Value | undefined): value is string =>
  typeof value === "string" && columnOf(table, value) !== undefined;

function fittedList(
  table: Table,
  column: Column,
  entries: readonly Value[],
  words: readonly number[] | undefined,
): readonly Value[] | undefined {
  if (words?.some((i) => isColumnName(table, entries[i]))) return undefined;
  let changed = false;
  const values = entries.map((entry) => {
    const value = comparedValue(entry, column);
    changed ||= value !== entry;
    return value;
  });
  return changed ? values : entries;
}

/** The condition and its values with the words that are columns as columns. */
export function withColumns(
  table: Table,
  condition: Condition,
  params: readonly Param[],
): { readonly condition: Condition; readonly params: readonly Param[] } {
  const left = [...params];
  let listed = 0;
  const settle = (part: Condition): Condition => {
    switch (part.op) {
      case "and":
      case "or":
        return { op: part.op, of: part.of.map(settle) };
      case "not":
        return { op: "not", of: settle(part.of) };
      case "const":
      case "isNull":
      case "like":
        return part;
      case "in": {
        const { column, param, words = [] } = part;
        const { others, values } = split(table, left[param] as readonly Value[], words);
        listed += others.length;
        if (listed > listedColumnsMax)
          throw new Refusal("bad_request", `has more than ${listedColumnsMax} columns in lists`, "where");
        left[param] = values;
        const equal = others.map((other): Condition => ({ op: "=", column, other, listed: true }));
        // What is left of the list has no column among its words.
        return { op: "or", of: [{ op: "in", column, param }, ...equal] };
      }
      default: {
        if (isColumns(part) || part.word === undefined) return part;
        const other = left[part.param] as Value;
        if (!isColumnName(table, other)) return part;
        left[part.param] = null;
        return { op: part.op, column: part.column, other };
      }
    }
  };
  return { condition: settle(condition), params: left };
}

/** The columns in a list, each once, and the values. */
function split(
  table: Table,
  entries: readonly Value[],
  words: readonly number[],
): { readonly others: readonly string[]; readonly values: readonly Value[] } {
  const others = new Set<string>();
  const mayBeColumn = new Set(words);
  const values = entries.filter((entry, i) => {
    const isColumn = mayBeColumn.has(i) && isColumnName(table, entry);
    if (isColumn) others.add(entry);
    return !isColumn;
  });
  return { others: [...others], values };
}

/** The condition as it goes into the log: its words are settled, its patterns are compared with whole texts. */
export function settled(condition: Condition): Condition {
  switch (condition.op) {
    case "and":
    case "or":
      return { op: condition.op, of: condition.of.map(settled) };
    case "not":
      return { op: "not", of: settled(condition.of) };
    case "like": {
      const { word: _, ...like } = condition;
      return { ...like, whole: true };
    }
    case "in":
      return { op: "in", column: condition.column, param: condition.param };
    case "const":
    case "isNull":
      return condition;
    default:
      return isColumns(condition)
        ? condition
        : { op: condition.op, column: condition.column, param: condition.param };
  }
}
