// Compiled shapes, kept as long as the schema stands. Requests of one shape are the rule, so compiling is the exception.

import { assertNever } from "../../core/errors.ts";
import type { Param, ReadShape } from "../../core/messages/statement.ts";
import type { Schema, Table } from "../../core/schema.ts";
import { checkedTable, type ReadSql, readSql } from "./read-sql.ts";
import { conditionUses, fitted, settled, storedUses, type Use, withColumns } from "./settle.ts";
import { type TableShape, type WriteSql, writeSql } from "./write-sql.ts";

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

export class CompiledShapes {
  readonly #schema: Schema;
  readonly #reads = new Known<CompiledRead>();
  readonly #writes = new Known<CompiledWrite>();

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  read(shape: ReadShape): CompiledRead {
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
  fitRead(shape: ReadShape, params: Row): { readonly shape: ReadShape; readonly params: Row } {
    const { table, uses } = this.read(shape);
    const fit = fitted(table, uses, params);
    if (fit !== undefined) return { shape, params: fit };
    if (shape.where === undefined) return { shape, params };
    const { condition, params: left } = withColumns(table, shape.where, params);
    return this.fitRead({ ...shape, where: condition }, left);
  }

  /** The same for a write. @throws Refusal for a value that does not fit */
  fitWrite(
    shape: TableShape,
    rows: readonly Row[],
  ): { readonly shape: TableShape; readonly rows: readonly Row[] } {
    const { table, uses, settled: shapeInLog } = this.write(shape);
    const fit: Row[] = [];
    for (const row of rows) {
      const values = fitted(table, uses, row);
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
