// A backup of the running cluster while it is written to, and its content back into it while its master is killed: by the script, as an
// operator does it. What a file may be and what is refused is held by unit tests.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { dbaas } from "../../tools/cluster/command.ts";
import { equalCopies, rowsIn } from "../../tools/cluster/copies.ts";
import { call } from "../../tools/cluster/http.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import { workers } from "../../tools/cluster/workers.ts";
import { settled, useCluster } from "../support/cluster.ts";
import { clear, crash, positionOf, user, written } from "../support/database.ts";

useCluster();

const usersOf = "SELECT username, password FROM users ORDER BY username";
const ridesOf = "SELECT ride_id, created_by, source FROM rides ORDER BY ride_id";

const rowsOfFile = (path: string, sql: string): readonly unknown[] => {
  const file = new DatabaseSync(path, { readOnly: true });
  try {
    return file
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  } finally {
    file.close();
  }
};

function placeOf(path: string): number {
  const sql = "SELECT value ->> 'position' AS position FROM _dbaas_meta WHERE name = 'applied'";
  return (rowsOfFile(path, sql)[0] as { readonly position: number }).position;
}

/** Some that others refer to, and a counter that is ahead of its rows. */
async function someData(): Promise<void> {
  await clear();
  await written({
    op: "insert",
    table: "users",
    rows: Array.from({ length: 1_500 }, (_, i) => user(`kept-${i}`)),
  });
  await written({
    sql: "INSERT INTO rides (created_by, timestamp, source, destination) SELECT username, '2026', 1, 2 FROM users LIMIT 300",
  });
  await written({ sql: "DELETE FROM rides WHERE ride_id > (SELECT max(ride_id) - 7 FROM rides)" });
}

test("a backup is of one position while writes go on, and its content survives the master's death on its way back", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "dbaas-backup-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "monday.db");
  await someData();
  let goesOn = true;
  const positions: number[] = [];
  const writing = (async () => {
    for (let i = 0; goesOn; i++)
      positions.push(positionOf(await written({ op: "insert", table: "users", row: user(`beside-${i}`) })));
  })();
  await dbaas("backup", path);
  goesOn = false;
  await writing;
  const position = placeOf(path);
  const beside = rowsOfFile(path, "SELECT username FROM users WHERE username LIKE 'beside-%'").length;
  assert.equal(beside, positions.filter((one) => one <= position).length);

  await assert.rejects(dbaas("restore", path), /nothing was changed; --replace/);
  let isDone = false;
  const restoring = dbaas("restore", path, "--replace").finally(() => {
    isDone = true;
  });
  await until("the restore is under way", 60_000, async () => {
    const { body } = await call("GET", "/api/v1/db/restore");
    const isUnderWay = (body as { readonly restore: unknown }).restore !== null;
    // On a quick machine it may be over between two looks.
    return isUnderWay || isDone ? found(true) : notYet(body);
  });
  await crash("master");
  assert.match(await restoring, /^Restored \d+ rows in 3 tables/m);
  await settled();
  await equalCopies();
  for (const worker of await workers())
    for (const sql of [usersOf, ridesOf]) assert.deepEqual(await rowsIn(worker, sql), rowsOfFile(path, sql));
  const next = await written({
    sql: "INSERT INTO rides (created_by, timestamp, source, destination) VALUES ('kept-1', '2026', 1, 2)",
  });
  const [counter] = rowsOfFile(path, "SELECT seq FROM sqlite_sequence WHERE name = 'rides'");
  assert.equal(
    (next.body as { readonly lastInsertRowid: number }).lastInsertRowid,
    (counter as { readonly seq: number }).seq + 1,
  );
});
