// A copy of the fake service's data: the tables of the delivered manifest, with their keys, references and cascades, in SQLite.
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { parseManifest } from "../../../core/manifest/parse.ts";
import { migrate } from "../../../core/rules/migration.ts";
import { emptySchema } from "../../../core/schema.ts";

export interface Sql {
  readonly sql: string;
  readonly params?: readonly (string | number)[];
}

export interface Written {
  readonly rowsAffected: number;
}

const manifest = parseManifest(
  readFileSync(new URL("../../../manifests/dbaas.yaml", import.meta.url), "utf8"),
);
const { statements } = migrate(emptySchema, manifest.spec.database);
const constraint = 19;

export class FakeCopy {
  /** The writes that it holds. */
  position = 0;
  readonly #database = new DatabaseSync(":memory:");

  constructor() {
    this.#database.exec(["PRAGMA foreign_keys = ON", ...statements].join(";"));
  }

  /** @returns "conflict" where a key is taken or a row that is referred to does not exist */
  write({ sql, params = [] }: Sql): Written | "conflict" {
    try {
      const { changes } = this.#database.prepare(sql).run(...params);
      this.position += 1;
      return { rowsAffected: Number(changes) };
    } catch (error) {
      const code = error instanceof Error && "errcode" in error ? Number(error.errcode) : 0;
      if ((code & 0xff) === constraint) return "conflict";
      throw error;
    }
  }

  read({ sql, params = [] }: Sql) {
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    const rows = statement.all(...params) as unknown as readonly (readonly unknown[])[];
    return { columns: statement.columns().map(({ name, type }) => ({ name, type })), rows };
  }

  close(): void {
    this.#database.close();
  }
}
