// Knex on its dialect for libSQL, which keeps one stream for each of its connections. On a table `users` with a name and a password.
import assert from "node:assert/strict";
import dialect from "@libsql/knex-libsql";
import knex, { type Knex } from "knex";

export async function useKnex(url: string): Promise<void> {
  const db = knex({ client: dialect, connection: { filename: url }, useNullAsDefault: true });
  try {
    await useQueries(db);
    await useKnexTransactions(db);
    await useSchema(db);
    await useKnexMigrations(db);
  } finally {
    await db.destroy();
  }
}

const namesOf = (db: Knex): Promise<readonly string[]> => db("users").orderBy("username").pluck("username");

async function useQueries(db: Knex): Promise<void> {
  await db("users").delete();
  await db("users").insert([
    { username: "a", password: "1" },
    { username: "b", password: "2" },
  ]);
  const merged = await db("users")
    .insert({ username: "a", password: "3" })
    .onConflict("username")
    .merge()
    .returning("*");
  assert.deepEqual(merged, [{ username: "a", password: "3" }]);
  assert.equal(await db("users").where({ username: "b" }).update({ password: "4" }), 1);
  assert.deepEqual(await db("users").whereLike("username", "B").first(), { username: "b", password: "4" });
  await assert.rejects(async () => db("users").insert({ username: "a", password: "" }), {
    code: "SQLITE_CONSTRAINT_PRIMARYKEY",
  });
}

async function useKnexTransactions(db: Knex): Promise<void> {
  await db.transaction(async (outer) => {
    await outer("users").insert({ username: "c", password: "5" });
    await assert.rejects(
      outer.transaction(async (inner) => {
        await inner("users").delete();
        throw new Error("undone");
      }),
      /undone/,
    );
    assert.deepEqual(await namesOf(outer), ["a", "b", "c"]);
  });
  await assert.rejects(
    db.transaction(async (outer) => {
      await outer("users").delete();
      throw new Error("undone");
    }),
    /undone/,
  );
  assert.deepEqual(await namesOf(db), ["a", "b", "c"]);
}

/** What SQLite cannot alter, Knex makes anew, with the references turned off and looked at in the end. */
async function useSchema(db: Knex): Promise<void> {
  await db.schema.dropTableIfExists("lines").dropTableIfExists("pages");
  await db.schema.createTable("pages", (table) => {
    table.increments("id");
    table.string("title").notNullable().index();
    table.string("more");
    table.timestamps(true, true);
  });
  await db.schema.createTable("lines", (table) => {
    table.increments("id");
    table.integer("page").references("pages.id").onDelete("CASCADE");
  });
  const [page] = await db("pages").insert({ title: "one" });
  await db("lines").insert({ page });
  await db.schema.alterTable("pages", (table) => {
    table.dropColumn("more");
    table.string("title").nullable().alter();
  });
  assert.deepEqual(Object.keys(await db("pages").columnInfo()), ["id", "title", "created_at", "updated_at"]);
  assert.deepEqual(await db("lines").select("*"), [{ id: 1, page }]);
  await db("pages").delete();
  assert.deepEqual(await db("lines").select("*"), []);
  await db.schema.dropTable("lines").dropTable("pages");
}

/** Carried out twice: the second time there is nothing to do. */
async function useKnexMigrations(db: Knex): Promise<void> {
  const migrationSource: Knex.MigrationSource<string> = {
    getMigrations: async () => ["first"],
    getMigrationName: (name) => name,
    getMigration: async () => ({
      up: (inner) => inner.schema.createTable("notes", (table) => table.increments("id")),
      down: (inner) => inner.schema.dropTable("notes"),
    }),
  };
  assert.deepEqual(await db.migrate.latest({ migrationSource }), [1, ["first"]]);
  assert.deepEqual(await db.migrate.latest({ migrationSource }), [1, []]);
  assert.equal(await db.schema.hasTable("notes"), true);
  assert.deepEqual(await db.migrate.rollback({ migrationSource }), [1, ["first"]]);
  await db.schema.dropTable("knex_migrations").dropTable("knex_migrations_lock");
}
