// The libSQL protocol of the delivered cluster, asked by the clients that people have; and that nothing which a client was told is
// lost, or done twice, while masters die.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { equalCopies } from "../../tools/cluster/copies.ts";
import { ports } from "../../tools/cluster/settings.ts";
import { settled, useCluster } from "../support/cluster.ts";
import { clear, crash } from "../support/database.ts";
import {
  LibsqlError,
  openClient,
  useRebuilding,
  useSavepoints,
  useStatements,
  useTransactions,
} from "../support/libsql-clients.ts";
import { useKnex } from "../support/libsql-knex.ts";
import { usePrisma } from "../support/libsql-prisma.ts";
import { useDrizzle, useKysely, useMigrations } from "../support/libsql-tools.ts";

useCluster();
const url = `http://127.0.0.1:${ports.api}`;
const client = openClient(url);
after(() => client.close());

test("@libsql/client reads what it wrote, exactly", () => useStatements(client));
test("@libsql/client does batches and transactions whole or not at all", () => useTransactions(client));
test("@libsql/client undoes a part of a transaction, and nests them", () => useSavepoints(client));
test("@libsql/client makes a table anew that others refer to", () => useRebuilding(client));
test("Drizzle and Kysely use the cluster as a database of theirs", async () => {
  await useDrizzle(client);
  await useKysely(client);
  await useMigrations(client);
});
test("Prisma and Knex use the cluster as a database of theirs", async () => {
  await usePrisma(url);
  await useKnex(url);
});

const counter = "counter";
const workers = 4;
const crashes = 3;
const countForMs = 12_000;

type Fate = "done" | "not done" | "not known";

/** Adds one to a counter that it has read, and leaves a row of its own, as one. */
async function countUp(mark: string): Promise<Fate> {
  const transaction = await client.transaction("write");
  let isCommitting = false;
  try {
    const { rows } = await transaction.execute({
      sql: "SELECT password FROM users WHERE username = ?",
      args: [counter],
    });
    const next = Number(rows[0]?.password) + 1;
    await transaction.batch([
      { sql: "UPDATE users SET password = ? WHERE username = ?", args: [String(next), counter] },
      { sql: "INSERT INTO users (username, password) VALUES (?, ?)", args: [mark, String(next)] },
    ]);
    isCommitting = true;
    await transaction.commit();
    return "done";
  } catch (error) {
    assert.ok(error instanceof LibsqlError, String(error));
    return isCommitting && error.code !== "SQLITE_BUSY" ? "not known" : "not done";
  } finally {
    transaction.close();
  }
}

test("transactions that count up while masters die are done once, or not at all", async () => {
  await clear();
  await client.execute({ sql: "INSERT INTO users (username, password) VALUES (?, '0')", args: [counter] });
  const fates = new Map<string, Fate>();
  const until = performance.now() + countForMs;
  const counting = Array.from({ length: workers }, async () => {
    while (performance.now() < until) {
      const mark = randomUUID();
      fates.set(mark, await countUp(mark));
    }
  });
  for (let i = 0; i < crashes; i++) {
    await new Promise((resolve) => setTimeout(resolve, countForMs / (crashes + 1)));
    await crash("master").catch(() => undefined);
  }
  await Promise.all(counting);
  await settled();
  const { rows } = await client.execute("SELECT username, password FROM users");
  const total = Number(rows.find(({ username }) => username === counter)?.password);
  const marks = new Map(
    rows.filter(({ username }) => username !== counter).map((row) => [row.username, Number(row.password)]),
  );
  const of = (fate: Fate) => [...fates].filter(([, one]) => one === fate).map(([mark]) => mark);
  assert.ok(of("done").length > 0, JSON.stringify([...fates.values()]));
  for (const mark of of("done")) assert.ok(marks.has(mark), `${mark} was acknowledged and is lost`);
  for (const mark of of("not done")) assert.ok(!marks.has(mark), `${mark} was refused and is done`);
  // Each number once: nothing was counted over what another had counted, and nothing twice.
  assert.deepEqual(
    [...marks.values()].sort((a, b) => a - b),
    Array.from({ length: total }, (_, i) => i + 1),
  );
  assert.ok(marks.size <= of("done").length + of("not known").length);
  await equalCopies();
});
