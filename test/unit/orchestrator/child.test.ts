import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { keepRunning } from "../../../orchestrator/child.ts";

async function withProgram(
  source: string,
  run: (file: string, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "dbaas-child-"));
  try {
    const file = join(folder, "child.mjs");
    await writeFile(file, source);
    await run(file, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("a child that falls is started again, and its end is told in words", { timeout: 20_000 }, async () => {
  await withProgram("process.exit(3);", async (file) => {
    const stop = new AbortController();
    const delays: number[] = [];
    await keepRunning({ name: "api", file }, stop.signal, ({ child, end, delayMs }) => {
      assert.deepEqual([child, end], ["api", "exit code 3"]);
      if (delays.push(delayMs) === 2) stop.abort("SIGTERM");
    });
    assert.deepEqual(delays, [100, 200]);
  });
});

test("stopping hands the signal on and waits until the child has left", { timeout: 20_000 }, async () => {
  const source = `
    import { writeFileSync } from "node:fs";
    process.on("SIGTERM", () => { writeFileSync(import.meta.dirname + "/left", "SIGTERM"); process.exit(0); });
    process.kill(process.ppid, "SIGHUP");
    setInterval(() => {}, 1000);`;
  await withProgram(source, async (file, folder) => {
    const stop = new AbortController();
    process.once("SIGHUP", () => stop.abort("SIGTERM"));
    await keepRunning({ name: "controller", file }, stop.signal, () => assert.fail("it had not fallen"));
    assert.equal(await readFile(join(folder, "left"), "utf8"), "SIGTERM");
  });
});
