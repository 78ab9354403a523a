// The thread's word, its errors and the end of its time in every order: what the thread says is said here in its place.
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it, type TestContext } from "node:test";
import type { Worker } from "node:worker_threads";
import { type Checked, checkManifest } from "../../../../api/cluster/manifest-check.ts";
import { TransientError } from "../../../../core/errors.ts";

const withinMs = 10_000;

/** A check whose thread says nothing by itself, and whose time does not go on by itself. */
async function checking(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const made = once(process, "worker");
  const checked = checkManifest("", withinMs);
  checked.catch(() => undefined);
  const [thread] = (await made) as [Worker];
  const [heard] = thread.listeners("message");
  const [failed] = thread.listeners("error");
  thread.removeAllListeners("message");
  await thread.terminate();
  return {
    checked,
    say: (word: Checked) => heard?.(word),
    fail: (error: Error) => failed?.(error),
    pass: () => t.mock.timers.tick(withinMs),
  };
}

const outOfMemory = Object.assign(new Error("no memory"), { code: "ERR_WORKER_OUT_OF_MEMORY" });

describe("the check of a manifest", () => {
  it("says nothing of a text for which it had no time", async (t) => {
    const { checked, pass } = await checking(t);
    pass();
    await assert.rejects(checked, TransientError);
  });

  it("takes what its thread said while this one stood still, however late it is seen", async (t) => {
    const { checked, say, pass } = await checking(t);
    pass();
    say({ ok: true });
    assert.deepEqual(await checked, { ok: true });
  });

  it("refuses for good what needs more memory, or a deeper stack, than a manifest may", async (t) => {
    for (const error of [outOfMemory, new RangeError("Maximum call stack size exceeded")]) {
      const { checked, fail } = await checking(t);
      fail(error);
      const { ok } = await checked;
      assert.equal(ok, false);
      t.mock.timers.reset();
    }
  });

  it("refuses nothing for good because there was no thread for it", async (t) => {
    const { checked, fail } = await checking(t);
    fail(new Error("no thread can be started"));
    await assert.rejects(checked, TransientError);
  });
});
