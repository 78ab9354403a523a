// What people build on @libsql/client: Drizzle, and Kysely. On a table `users` with a name and a password.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asc, eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/libsql/http";
import { migrate } from "drizzle-orm/libsql/migrator";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type { Client } from "./libsql-clients.ts";

const users = sqliteTable("users", { username: text().primaryKey(), password: text().notNull() });

export async function useDrizzle(client: Client): Promise<void> {
  const db = drizzle(client, { schema: { users } });
  await db.delete(users);
  await db.insert(users).values([
    { username: "a", password: "1" },
    { username: "b", password: "2" },
  ]);
  const upserted = await db
    .insert(users)
    .values({ username: "a", password: "3" })
    .onConflictDoUpdate({ target: users.username, set: { password: sql`excluded.password` } })
    .returning();
  assert.deepEqual(upserted, [{ username: "a", password: "3" }]);
  assert.deepEqual(await db.query.users.findFirst({ where: eq(users.username, "b") }), {
    username: "b",
    password: "2",
  });
  const [, listed] = await db.batch([
    db.insert(users).values({ username: "c", password: "4" }),
    db.select({ name: users.username }).from(users).orderBy(asc(users.username)),
  ]);
  assert.deepEqual(listed, [{ name: "a" }, { name: "b" }, { name: "c" }]);
  await db.transaction(async (tx) => {
    await tx.update(users).set({ password: "5" }).where(eq(users.username, "c"));
    assert.equal((await tx.select().from(users).where(eq(users.password, "5"))).length, 1);
  });
  await assert.rejects(
    db.transaction(async (tx) => {
      await tx.delete(users);
      tx.rollback();
    }),
  );
  assert.equal(Number(await db.$count(users)), 3);
  await db.transaction(async (tx) => {
    await tx.insert(users).values({ username: "d", password: "6" });
    await assert.rejects(
      tx.transaction(async (nested) => {
        await nested.delete(users);
        nested.rollback();
      }),
    );
    await tx.transaction(async (nested) => {
      await nested.insert(users).values({ username: "e", password: "7" });
    });
  });
  assert.equal(Number(await db.$count(users)), 5);
}

const notes = sqliteTable("notes", { id: integer().primaryKey(), note: text().notNull() });

/** A migration as drizzle-kit writes it, carried out twice: the second time there is nothing to do. */
export async function useMigrations(client: Client): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "migrations-"));
  try {
    await mkdir(join(folder, "meta"));
    const entries = [{ idx: 0, version: "6", when: 1_700_000_000_000, tag: "0000_first", breakpoints: true }];
    await writeFile(
      join(folder, "meta/_journal.json"),
      JSON.stringify({ version: "7", dialect: "sqlite", entries }),
    );
    await writeFile(
      join(folder, "0000_first.sql"),
      "CREATE TABLE `notes` (`id` integer PRIMARY KEY NOT NULL, `note` text NOT NULL);\n--> statement-breakpoint\nCREATE INDEX `by_note` ON `notes` (`note`);",
    );
    const db = drizzle(client);
    await migrate(db, { migrationsFolder: folder });
    await migrate(db, { migrationsFolder: folder });
    await db.insert(notes).values({ note: "one" });
    const [note] = await db.select().from(notes);
    assert.deepEqual([Number(note?.id), note?.note], [1, "one"]);
    await client.batch(["DROP TABLE notes", "DROP TABLE __drizzle_migrations"], "write");
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface Tables {
  users: { username: string; password: string };
}

/** A dialect as its users write one: a connection is the client, or a transaction of it. */
class LibsqlDriver implements Driver {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  async init(): Promise<void> {}
  async acquireConnection(): Promise<LibsqlConnection> {
    return new LibsqlConnection(this.#client);
  }
  beginTransaction = (connection: LibsqlConnection): Promise<void> => connection.begin();
  commitTransaction = (connection: LibsqlConnection): Promise<void> => connection.end("commit");
  rollbackTransaction = (connection: LibsqlConnection): Promise<void> => connection.end("rollback");
  async releaseConnection(): Promise<void> {}
  async destroy(): Promise<void> {}
}

class LibsqlConnection implements DatabaseConnection {
  readonly #client: Client;
  #transaction: Awaited<ReturnType<Client["transaction"]>> | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  async begin(): Promise<void> {
    this.#transaction = await this.#client.transaction("write");
  }

  async end(how: "commit" | "rollback"): Promise<void> {
    await this.#transaction?.[how]();
    this.#transaction = undefined;
  }

  async executeQuery<R>({ sql: text, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const args = parameters as readonly (string | number | null)[];
    const result = await (this.#transaction ?? this.#client).execute({ sql: text, args: [...args] });
    return { rows: result.rows as unknown as R[], numAffectedRows: BigInt(result.rowsAffected) };
  }

  // biome-ignore lint/correctness/useYield: nothing is streamed
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error("is not streamed");
  }
}

export async function useKysely(client: Client): Promise<void> {
  const db = new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new LibsqlDriver(client),
      createIntrospector: (one) => new SqliteIntrospector(one),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
  await db.deleteFrom("users").execute();
  await db.insertInto("users").values({ username: "a", password: "1" }).execute();
  await db.transaction().execute(async (tx) => {
    await tx.insertInto("users").values({ username: "b", password: "2" }).execute();
    const { numUpdatedRows } = await tx.updateTable("users").set({ password: "3" }).executeTakeFirstOrThrow();
    assert.equal(numUpdatedRows, 2n);
  });
  const rows = await db.selectFrom("users").select(["username", "password"]).orderBy("username").execute();
  assert.deepEqual(
    rows.map(({ username, password }) => [username, password]),
    [
      ["a", "3"],
      ["b", "3"],
    ],
  );
  await db.executeQuery(CompiledQuery.raw("SELECT 1"));
}
