// What is asked of a libSQL server by @libsql/client, the same of one in this process and of a whole cluster: on a table `users` with
// a name and a password.
import assert from "node:assert/strict";
import { type Client, createClient, LibsqlError } from "@libsql/client/http";

export type { Client };
export { LibsqlError };

export const openClient = (url: string, authToken?: string): Client =>
  createClient({ url, intMode: "bigint", ...(authToken === undefined ? {} : { authToken }) });

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => assert.fail("it was carried out"),
    (error: unknown) => (error instanceof LibsqlError ? error.code : assert.fail(String(error))),
  );

const insert = (name: string, password = "1") => ({
  sql: "INSERT INTO users (username, password) VALUES (?, ?)",
  args: [name, password],
});

const namesOf = async (client: Pick<Client, "execute">): Promise<readonly unknown[]> =>
  (await client.execute("SELECT username FROM users ORDER BY username")).rows.map(({ username }) => username);

/** Statements, values, errors: and that what was written is read at once, by the same client. */
export async function useStatements(client: Client): Promise<void> {
  await client.execute("DELETE FROM users");
  for (let i = 0; i < 10; i++) {
    const { rowsAffected } = await client.execute(insert(`u${i}`));
    assert.equal(rowsAffected, 1);
    assert.equal((await namesOf(client)).length, i + 1);
  }
  const { columns, columnTypes, rows } = await client.execute({
    sql: "SELECT username, :big AS a, :real AS a, :blob AS b, :none AS c, length(password) FROM users WHERE username = $name",
    args: { big: 9007199254740993n, real: 0.1, blob: new Uint8Array([0, 255, 7]), none: null, name: "u3" },
  });
  assert.deepEqual(columns, ["username", "a", "a", "b", "c", "length(password)"]);
  assert.deepEqual(columnTypes, ["TEXT", "", "", "", "", ""]);
  const values = Array.from({ length: 6 }, (_, i) => rows[0]?.[i]);
  assert.deepEqual(values.slice(0, 3), ["u3", 9007199254740993n, 0.1]);
  assert.deepEqual(
    [new Uint8Array(values[3] as ArrayBuffer), values[4], values[5]],
    [new Uint8Array([0, 255, 7]), null, 1n],
  );
  assert.equal(await codeOf(client.execute(insert("u3"))), "SQLITE_CONSTRAINT_PRIMARYKEY");
  assert.equal(await codeOf(client.execute("SELECT nothing FROM nowhere")), "SQLITE_ERROR");
  await client.executeMultiple(
    "DELETE FROM users; INSERT INTO users (username, password) VALUES ('a;b', '1');",
  );
  assert.deepEqual(await namesOf(client), ["a;b"]);
}

/** Batches and transactions: whole, or not at all. */
export async function useTransactions(client: Client): Promise<void> {
  await client.execute("DELETE FROM users");
  const results = await client.batch([insert("a"), insert("b"), "SELECT count(*) AS n FROM users"], "write");
  assert.deepEqual([results[0]?.rowsAffected, results[2]?.rows[0]?.n], [1, 2n]);
  assert.equal(
    await codeOf(client.batch([insert("c"), insert("a")], "write")),
    "SQLITE_CONSTRAINT_PRIMARYKEY",
  );
  assert.equal((await client.batch(["SELECT 1 AS x", "SELECT 2 AS x"], "read"))[1]?.rows[0]?.x, 2n);
  await client.migrate([insert("m")]);
  const [one, other] = [await client.transaction("write"), await client.transaction("write")];
  await one.execute(insert("c"));
  assert.deepEqual(
    [await namesOf(one), await namesOf(client)],
    [
      ["a", "b", "c", "m"],
      ["a", "b", "m"],
    ],
  );
  await namesOf(other);
  await other.execute(insert("d"));
  await one.commit();
  assert.equal(await codeOf(other.commit()), "SQLITE_BUSY");
  const third = await client.transaction("write");
  await third.execute("DELETE FROM users");
  await third.rollback();
  const readOnly = await client.transaction("read");
  assert.equal(await codeOf(readOnly.execute(insert("x"))), "SQLITE_READONLY");
  readOnly.close();
  assert.deepEqual(await namesOf(client), ["a", "b", "c", "m"]);
}

/** Within a transaction; and what tools send that nest them. */
export async function useSavepoints(client: Client): Promise<void> {
  await client.execute("DELETE FROM users");
  const transaction = await client.transaction("write");
  await transaction.execute(insert("a"));
  await transaction.execute("SAVEPOINT sp1");
  await transaction.execute(insert("b"));
  assert.equal(await codeOf(transaction.execute(insert("a"))), "SQLITE_CONSTRAINT_PRIMARYKEY");
  await transaction.execute("ROLLBACK TO SAVEPOINT sp1");
  assert.deepEqual(await namesOf(transaction), ["a"]);
  await transaction.batch(["SAVEPOINT sp2", insert("c"), "RELEASE SAVEPOINT sp2"]);
  assert.equal(await codeOf(transaction.execute("RELEASE sp2")), "SQLITE_ERROR");
  await transaction.commit();
  await client.executeMultiple(
    "SAVEPOINT whole; INSERT INTO users (username, password) VALUES ('d', '1'); SAVEPOINT part; DELETE FROM users; ROLLBACK TO part; RELEASE whole;",
  );
  assert.deepEqual(await namesOf(client), ["a", "c", "d"]);
}

/** A table that others refer to is made anew, as migration tools do it: what refers to it stays, and must lead somewhere in the end. */
export async function useRebuilding(client: Client): Promise<void> {
  await client.executeMultiple(
    `DROP TABLE IF EXISTS books; DROP TABLE IF EXISTS authors;
     CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT);
     CREATE TABLE books (title TEXT PRIMARY KEY, author INTEGER REFERENCES authors (id) ON DELETE CASCADE);
     INSERT INTO authors VALUES (1, 'a'); INSERT INTO books VALUES ('t', 1);`,
  );
  const anew = [
    "CREATE TABLE authors_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL)",
    "INSERT INTO authors_new SELECT * FROM authors",
    "DROP TABLE authors",
    "ALTER TABLE authors_new RENAME TO authors",
  ];
  await client.migrate(anew);
  assert.deepEqual(
    (await client.execute("SELECT title FROM books")).rows.map(({ title }) => title),
    ["t"],
  );
  assert.equal(await codeOf(client.migrate(["DELETE FROM authors"])), "CONSTRAINT_VIOLATION");
  assert.equal(
    await codeOf(client.executeMultiple("PRAGMA foreign_keys=off; DELETE FROM authors")),
    "CONSTRAINT_VIOLATION",
  );
  await client.executeMultiple(`PRAGMA foreign_keys=off; BEGIN; ${anew.join(";")}; COMMIT;`);
  const transaction = await client.transaction("write");
  await transaction.execute("DELETE FROM authors");
  await transaction.commit();
  assert.deepEqual((await client.execute("SELECT title FROM books")).rows, []);
  await client.executeMultiple("DROP TABLE books; DROP TABLE authors");
}
