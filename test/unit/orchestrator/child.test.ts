import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { keepRunning, type OnFall } from "../../../orchestrator/child.ts";
import { systemClock } from "../../../platform/process/clock.ts";
import { impatientClock } from "../../fakes/impatient-clock.ts";

/** Nothing here is about a child that does not leave. */
const leaveWithinMs = 600_000;

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

test("a child that falls is started again, and its end is told in words", async () => {
  await withProgram("process.exit(3);", async (file) => {
    const stop = new AbortController();
    const delays: number[] = [];
    const onFall: OnFall = ({ child, end, delayMs }) => {
      assert.deepEqual([child, end], ["api", "exit code 3"]);
      if (delays.push(delayMs) === 2) stop.abort("SIGTERM");
    };
    // No time passes: a child that is slow to start and to fall was not a healthy one.
    const { clock } = impatientClock(Number.POSITIVE_INFINITY);
    await keepRunning({ name: "api", file }, stop.signal, onFall, { clock, leaveWithinMs });
    assert.deepEqual(delays, [100, 200]);
  });
});

test("stopping hands the signal on and waits until the child has left", async () => {
  const source = `
    import { writeFileSync } from "node:fs";
    process.on("SIGTERM", () => { writeFileSync(import.meta.dirname + "/left", "SIGTERM"); process.exit(0); });
    process.kill(process.ppid, "SIGHUP");
    setInterval(() => {}, 1000);`;
  await withProgram(source, async (file, folder) => {
    const stop = new AbortController();
    process.once("SIGHUP", () => stop.abort("SIGTERM"));
    const onFall = () => assert.fail("it had not fallen");
    await keepRunning({ name: "controller", file }, stop.signal, onFall, {
      clock: systemClock,
      leaveWithinMs,
    });
    assert.equal(await readFile(join(folder, "left"), "utf8"), "SIGTERM");
  });
});
