// Compiled shapes, kept as long as the schema stands. Requests of one shape are the rule, so compiling is the exception.
import type { Schema } from "../../protocol/schema.ts";
import type { ReadShape } from "../../protocol/statement.ts";
import { type ReadSql, readSql } from "./read-sql.ts";
import { type TableShape, type WriteSql, writeSql } from "./write-sql.ts";

const shapesMax = 512;

export class CompiledShapes {
  readonly #schema: Schema;
  readonly #reads = new Map<string, ReadSql>();
  readonly #writes = new Map<string, WriteSql>();

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  read(shape: ReadShape): ReadSql {
    return remembered(this.#reads, JSON.stringify(shape), () => readSql(this.#schema, shape));
  }

  write(shape: TableShape): WriteSql {
    return remembered(this.#writes, JSON.stringify(shape), () => writeSql(this.#schema, shape));
  }
}

function remembered<T>(known: Map<string, T>, key: string, make: () => T): T {
  const present = known.get(key);
  if (present !== undefined) return present;
  const made = make();
  // Clients with ever new shapes must not fill the memory; starting over is as good as any order of forgetting.
  if (known.size >= shapesMax) known.clear();
  known.set(key, made);
  return made;
}
