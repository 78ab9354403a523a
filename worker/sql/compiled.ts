// Compiled shapes, kept as long as the schema stands. Requests of one shape are the rule, so compiling is the exception.
// A shape is settled against its table on the way: words that are columns are put into it as such. Only what is settled reaches
// SQL or the log, so that a copy which applies it later needs no schema of that moment.

import { assertNever, Refusal } from "../../core/errors.ts";
import {
  type Condition,
  isColumns,
  type Param,
  statementLimits,
  type Value,
} from "../../core/messages/statement.ts";
import type { Schema, Table } from "../../core/schema.ts";
import { conditionUses, fitted, isColumnName, storedUses, type Use } from "./fit-values.ts";
import {
  checkedTable,
  type ReadSql,
  readSql,
  type TableRead,
  type TableShape,
  type WriteSql,
  writeSql,
} from "./shape-sql.ts";

const shapesMax = 512;

export interface CompiledRead extends ReadSql {
  readonly table: Table;
  readonly uses: readonly Use[];
}

export interface CompiledWrite extends WriteSql {
  readonly table: Table;
  readonly uses: readonly Use[];
  /** The shape as it goes into the log. */
  readonly settled: TableShape;
}

type Row = readonly Param[];

/** Reads of one shape, before they run: their values as the columns take them. */
interface FittedReads<R> {
  /** Those that the shape stands for as it is. */
  readonly fitting: readonly R[];
  readonly refused: readonly { readonly item: R; readonly refusal: Refusal }[];
  /** Those in whose conditions a word is a column: each has a shape of its own. */
  readonly apart: readonly { readonly item: R; readonly shape: TableRead }[];
}

export class CompiledShapes {
  readonly #schema: Schema;
  readonly #reads = new Known<CompiledRead>();
  readonly #writes = new Known<CompiledWrite>();

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  read(shape: TableRead): CompiledRead {
    return this.#reads.of(shape, () => {
      const sql = readSql(this.#schema, shape);
      const table = checkedTable(this.#schema, shape.table);
      const uses = shape.where === undefined ? [] : conditionUses(table, shape.where);
      return { ...sql, table, uses };
    });
  }

  write(shape: TableShape): CompiledWrite {
    return this.#writes.of(shape, () => {
      const sql = writeSql(this.#schema, shape);
      const table = checkedTable(this.#schema, shape.table);
      return { ...sql, table, uses: usesOf(table, shape), settled: settledShape(shape) };
    });
  }

  /**
   * The read's values as the columns take them, and with them the shape, which is another one where a word of the condition
   * is a column. @throws Refusal for a value that does not fit
   */
  fitRead(shape: TableRead, params: Row): { readonly shape: TableRead; readonly params: Row } {
    const { table, uses } = this.read(shape);
    const fit = fitted(table, uses, params);
    if (fit !== undefined) return { shape, params: fit };
    if (shape.where === undefined) return { shape, params };
    const { condition, params: left } = withColumns(table, shape.where, params);
    return this.fitRead({ ...shape, where: condition }, left);
  }

  /** The same for reads of one shape, each for itself. */
  fitReads<R extends { readonly params: Row }>(shape: TableRead, reads: readonly R[]): FittedReads<R> {
    const { table, uses } = this.read(shape);
    if (uses.length === 0) return { fitting: reads, refused: [], apart: [] };
    const fitting: R[] = [];
    const refused: { item: R; refusal: Refusal }[] = [];
    const apart: { item: R; shape: TableRead }[] = [];
    for (const item of reads)
      try {
        const params = fitted(table, uses, item.params);
        if (params === item.params) fitting.push(item);
        else if (params !== undefined) fitting.push({ ...item, params });
        else {
          const own = this.fitRead(shape, item.params);
          apart.push({ item: { ...item, params: own.params }, shape: own.shape });
        }
      } catch (refusal) {
        if (!(refusal instanceof Refusal)) throw refusal;
        refused.push({ item, refusal });
      }
    return { fitting, refused, apart };
  }

  /** The same for a write. @throws Refusal for a value that does not fit */
  fitWrite(
    shape: TableShape,
    rows: readonly Row[],
  ): { readonly shape: TableShape; readonly rows: readonly Row[] } {
    const { table, uses, settled: shapeInLog } = this.write(shape);
    const fit: Row[] = [];
    for (const row of rows) {
      const values = fitted(table, uses, row, statementLimits.writtenPatternBytesMax);
      if (values !== undefined) fit.push(values);
      else if (shape.kind !== "insert") {
        const { condition, params } = withColumns(table, shape.where, row);
        return this.fitWrite({ ...shape, where: condition }, [params]);
      }
    }
    return { shape: shapeInLog, rows: fit };
  }
}

function usesOf(table: Table, shape: TableShape): readonly Use[] {
  switch (shape.kind) {
    case "insert":
      return storedUses(table, shape.columns, "inserted");
    case "update":
      return [...storedUses(table, shape.set, "changed"), ...conditionUses(table, shape.where)];
    case "delete":
      return conditionUses(table, shape.where);
    default:
      return assertNever(shape);
  }
}

function settledShape(shape: TableShape): TableShape {
  switch (shape.kind) {
    case "insert":
      return shape;
    case "update":
    case "delete":
      return { ...shape, where: settled(shape.where) };
    default:
      return assertNever(shape);
  }
}

/** What was made of shapes, by their text; the shapes of one message are found by themselves. */
class Known<T> {
  readonly #byText = new Map<string, T>();
  readonly #byShape = new WeakMap<object, T>();

  of(shape: object, make: () => T): T {
    const same = this.#byShape.get(shape);
    if (same !== undefined) return same;
    const text = JSON.stringify(shape);
    const equal = this.#byText.get(text) ?? make();
    // Clients with ever new shapes must not fill the memory; starting over is as good as any order of forgetting.
    if (this.#byText.size >= shapesMax && !this.#byText.has(text)) this.#byText.clear();
    this.#byText.set(text, equal);
    this.#byShape.set(shape, equal);
    return equal;
  }
}

const { listedColumnsMax } = statementLimits;

/** The condition and its values with the words that are columns as columns. */
function withColumns(
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
function settled(condition: Condition): Condition {
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
