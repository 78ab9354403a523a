// The users as the database holds them. Uniqueness is the database's to decide, so that of two creators one wins.
import { Conflict, type Database, type Freshness } from "../database.ts";
import { readAll } from "../paging.ts";
import type { Deadline } from "../patience.ts";
import { textIn } from "../rows.ts";
import type { NewUser } from "../rules/users.ts";

export class UserRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async create({ username, password }: NewUser, deadline: Deadline): Promise<"created" | "taken"> {
    try {
      await this.#database.write({ op: "insert", table: "users", row: { username, password } }, deadline);
      return "created";
    } catch (error) {
      if (error instanceof Conflict) return "taken";
      throw error;
    }
  }

  async usernames(freshness: Freshness, deadline: Deadline): Promise<readonly string[]> {
    const list = { table: "users", columns: ["username"], key: "username" };
    const rows = await readAll(this.#database, list, freshness, deadline);
    return rows.map((row) => textIn(row, "username"));
  }

  /** Their rides and their places in others' go with them: the schema's references cascade. */
  async delete(username: string, deadline: Deadline): Promise<"deleted" | "unknown"> {
    const rows = await this.#database.write({ op: "delete", table: "users", where: { username } }, deadline);
    return rows > 0 ? "deleted" : "unknown";
  }
}
