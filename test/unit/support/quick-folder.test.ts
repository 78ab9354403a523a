// What a killed run of the tests left in memory goes with the next run.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { ownFolder } from "../../support/quick-folder.ts";

it("is one for each process, and those of dead ones are removed with all that is in them", async (t) => {
  const base = mkdtempSync(join(tmpdir(), "quick-folder-"));
  t.after(() => rmSync(base, { recursive: true }));
  const dead = spawn(process.execPath, ["--version"], { stdio: "ignore" });
  await once(dead, "exit");
  const named = (pid: number | undefined) => `dbaas-tests-${hostname()}-${pid}`;
  const others = [named(process.ppid), "dbaas-tests-elsewhere-1", `${named(dead.pid)}-not`];
  for (const name of [...others, named(dead.pid)]) {
    mkdirSync(join(base, name, "copy-1"), { recursive: true });
    writeFileSync(join(base, name, "copy-1", "data.db"), "left");
  }
  assert.equal(ownFolder(base), join(base, named(process.pid)));
  assert.deepEqual(readdirSync(base).sort(), [...others, named(process.pid)].sort());
  assert.deepEqual(readdirSync(join(base, named(process.ppid))), ["copy-1"]);
});
