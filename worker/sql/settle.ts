// PURE. A request's shape and values as they came -> as they are carried out on a table: values fitted to their columns, words
// that are columns put into the shape as such. Only what is settled reaches SQL or the log, so that a copy which applies it
// later needs no schema of that moment.
import { Refusal } from "../../protocol/errors.ts";
import type { Column, Table } from "../../protocol/schema.ts";
import type { Condition, Param, Value, Word } from "../../protocol/statement.ts";
import { changedValue, comparedPattern, comparedValue, storedValue } from "./fit-values.ts";

/** What a parameter is for. */
export interface Use {
  readonly param: number;
  readonly column: Column;
  /** Only a new row has its key counted in the place of null: that is what sets a new value apart from a changed one. */
  readonly as: "inserted" | "changed" | "compared" | "listed" | "pattern";
}

/** Columns that stand in lists of one condition, each of which becomes a comparison. */
const listedColumnsMax = 256;

const isWord = (param: Param | undefined): param is Word =>
  typeof param === "object" && param !== null && "word" in param;

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
    case "columns":
      return [];
    default: {
      const column = columnOf(table, condition.column);
      if (column === undefined) return [];
      const as = condition.op === "like" ? "pattern" : condition.op === "in" ? "listed" : "compared";
      return [{ param: condition.param, column, as }];
    }
  }
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

function fittedParam(table: Table, { as, column }: Use, param: Param): Param | undefined {
  if (as === "inserted") return storedValue(param as Value, column);
  if (as === "changed") return changedValue(param as Value, column);
  if (as === "listed") return fittedList(table, column, param as readonly (Value | Word)[]);
  if (isWord(param) && columnOf(table, param.word) !== undefined) {
    if (as === "compared") return undefined;
    const message = `LIKE takes a pattern: ${JSON.stringify(param.word)} is a column, as a pattern it needs single quotes`;
    throw new Refusal("bad_request", message, "where");
  }
  const value = isWord(param) ? param.word : (param as Value);
  return as === "pattern" ? comparedPattern(value) : comparedValue(value, column);
}

function fittedList(
  table: Table,
  column: Column,
  entries: readonly (Value | Word)[],
): readonly Value[] | undefined {
  const values: Value[] = [];
  let changed = false;
  for (const entry of entries) {
    const isName = isWord(entry);
    if (isName && columnOf(table, entry.word) !== undefined) return undefined;
    const value = comparedValue(isName ? entry.word : entry, column);
    changed ||= value !== entry;
    values.push(value);
  }
  return changed ? values : (entries as readonly Value[]);
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
      case "columns":
      case "like":
        return part;
      case "in": {
        const { others, values } = split(table, left[part.param] as readonly (Value | Word)[]);
        listed += others.length;
        if (listed > listedColumnsMax)
          throw new Refusal("bad_request", `has more than ${listedColumnsMax} columns in lists`, "where");
        if (others.length === 0) return part;
        left[part.param] = values;
        const { column } = part;
        const equal = others.map(
          (other): Condition => ({ op: "columns", is: "=", column, other, listed: true }),
        );
        return { op: "or", of: [part, ...equal] };
      }
      default: {
        const param = left[part.param];
        if (!isWord(param) || columnOf(table, param.word) === undefined) return part;
        left[part.param] = null;
        return { op: "columns", is: part.op, column: part.column, other: param.word };
      }
    }
  };
  return { condition: settle(condition), params: left };
}

/** The columns in a list, each once, and the values. */
function split(
  table: Table,
  entries: readonly (Value | Word)[],
): { readonly others: readonly string[]; readonly values: readonly (Value | Word)[] } {
  const others = new Set<string>();
  const values: (Value | Word)[] = [];
  for (const entry of entries)
    if (isWord(entry) && columnOf(table, entry.word) !== undefined) others.add(entry.word);
    else values.push(entry);
  return { others: [...others], values };
}

/** The condition with its patterns compared with whole texts. */
export function withWholeTexts(condition: Condition): Condition {
  switch (condition.op) {
    case "and":
    case "or":
      return { op: condition.op, of: condition.of.map(withWholeTexts) };
    case "not":
      return { op: "not", of: withWholeTexts(condition.of) };
    case "like":
      return { ...condition, whole: true };
    default:
      return condition;
  }
}
