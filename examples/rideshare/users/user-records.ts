// The users as the database holds them. Uniqueness is the database's to decide, so that of two creators one wins.
import type { Dbaas } from "../../../client/client.ts";
import { readAll } from "../paging.ts";
import { type Deadline, type Freshness, timeLeftMs } from "../reading.ts";
import { isConflict } from "../refusals.ts";
import { textIn } from "../rows.ts";
import type { NewUser } from "../rules/users.ts";

export class UserRecords {
  readonly #database: Dbaas;

  constructor(database: Dbaas) {
    this.#database = database;
  }

  async create({ username, password }: NewUser, deadline: Deadline): Promise<"created" | "taken"> {
    try {
      const sql = "INSERT INTO users (username, password) VALUES (?, ?)";
      await this.#database.write({ sql, params: [username, password] }, { withinMs: timeLeftMs(deadline) });
      return "created";
    } catch (error) {
      if (isConflict(error)) return "taken";
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
    const { rowsAffected } = await this.#database.write(
      { sql: "DELETE FROM users WHERE username = ?", params: [username] },
      { withinMs: timeLeftMs(deadline) },
    );
    return rowsAffected > 0 ? "deleted" : "unknown";
  }
}
