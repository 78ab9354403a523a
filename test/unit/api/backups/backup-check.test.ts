import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it, type TestContext } from "node:test";
import { checkBackup } from "../../../../api/backups/backup-check.ts";

function made(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "checked-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "backup.db");
  const file = new DatabaseSync(path);
  file.exec(`CREATE TABLE _dbaas_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    INSERT INTO _dbaas_meta VALUES ('applied', '{"position":7}')`);
  file.close();
  return path;
}

describe("the check of a backup", () => {
  it("tells the position of a whole one", async (t) => {
    assert.deepEqual(await checkBackup(made(t), new AbortController().signal), { ok: true, position: 7 });
  });

  it("ends by its signal at once, also by one that fired before it began", async (t) => {
    const path = made(t);
    const gone = new Error("the session is over");
    await assert.rejects(checkBackup(path, AbortSignal.abort(gone)), gone);
    const scope = new AbortController();
    const checked = checkBackup(path, scope.signal);
    scope.abort(gone);
    await assert.rejects(checked, gone);
  });
});
