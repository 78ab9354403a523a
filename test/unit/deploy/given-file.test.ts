// What a command that runs in the orchestrator's container gets to read, with an engine that is a script: its input ends only with the
// command that started it, so that a restore that is broken off does not go on by itself.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../../../dbaas", import.meta.url));

/** Reads what was announced, and says whether the input has ended behind it. */
const engine = `#!/usr/bin/env bash
case $1 in
  version) echo 27.0.0 ;;
  inspect) echo true ;;
  exec)
    bytes=0
    for argument in "$@"; do
      case $argument in DBAAS_INPUT_BYTES=*) bytes=\${argument#*=} ;; DBAAS_ENDS_WITH_INPUT=*) echo "$argument" ;; esac
    done
    if [ "$bytes" -gt 0 ]; then head -c "$bytes" | cksum; fi
    if read -r -t 0; then echo ended; else echo open; fi
    echo "\${@: -4}" ;;
esac
`;

function restored(t: TestContext, content: Buffer | undefined) {
  const folder = mkdtempSync(join(tmpdir(), "given-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "docker"), engine, { mode: 0o755 });
  const file = join(folder, "monday file.db");
  if (content !== undefined) writeFileSync(file, content);
  const args = ["restore", "--to-position", "4", ...(content === undefined ? ["--replace"] : [file])];
  const run = spawnSync(script, args, {
    encoding: "utf8",
    env: { ...process.env, DBAAS_URL: "", PATH: [folder, process.env.PATH].join(delimiter) },
    timeout: 120_000,
  });
  const checksum = spawnSync("cksum", { input: content ?? "", encoding: "utf8" }).stdout;
  return { code: run.status, out: run.stdout, checksum };
}

test("a restore from a scheduled backup has an input that stays open as long as its command runs", (t) => {
  const { code, out } = restored(t, undefined);
  assert.equal(out, "DBAAS_ENDS_WITH_INPUT=1\nopen\nrestore --to-position 4 --replace\n");
  assert.equal(code, 0);
});

test("a restore from a file reads all of it, and its input stays open behind it", (t) => {
  const { code, out, checksum } = restored(t, Buffer.alloc(300_001, "0123456789"));
  assert.equal(out, `DBAAS_ENDS_WITH_INPUT=1\n${checksum}open\nrestore --to-position 4 -\n`);
  assert.equal(code, 0);
});
