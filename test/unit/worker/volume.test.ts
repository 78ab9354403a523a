import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { holdVolume } from "../../../worker/volume.ts";
import { impatientClock } from "../../fakes/impatient-clock.ts";

async function volume(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "dbaas-volume-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

const never = new AbortController().signal;
const said: string[] = [];
const log = { warn: (text: unknown) => void said.push(String(text)) };

/** Another process that has the volume, and what ends it without a word. */
async function holder(directory: string): Promise<() => Promise<unknown>> {
  const module = new URL("../../../platform/sqlite/file-lock.ts", import.meta.url).href;
  const code = `const { lockFile } = await import(${JSON.stringify(module)});
    console.log(lockFile(${JSON.stringify(join(directory, "volume.lock"))}) !== null);
    setInterval(() => undefined, 1_000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [told] = await once(child.stdout, "data");
  assert.equal(String(told).trim(), "true");
  return async () => {
    child.kill("SIGKILL");
    await once(child, "exit");
  };
}

describe("a worker's volume", () => {
  it("is had at once where no other process has it, and nothing but the lock's file is made", async (t) => {
    const directory = await volume(t);
    const { clock, slept } = impatientClock(1);
    const letGo = await holdVolume(directory, { clock, log }, never);
    assert.deepEqual([slept, await readdir(directory)], [[], ["volume.lock"]]);
    letGo?.();
  });

  it("is waited for while another process has it, and had once that was killed", async (t) => {
    const directory = await volume(t);
    const kill = await holder(directory);
    let waits = 0;
    const clock = {
      sleep: async () => {
        waits += 1;
        if (waits === 3) await kill();
      },
    };
    const letGo = await holdVolume(directory, { clock, log }, never);
    assert.equal(waits, 3);
    assert.notEqual(letGo, null);
    letGo?.();
  });

  it("is not had after the worker was told to stop", async (t) => {
    const directory = await volume(t);
    const kill = await holder(directory);
    const { clock, signal } = impatientClock(2);
    assert.equal(await holdVolume(directory, { clock, log }, signal), null);
    await kill();
  });
});
