import assert from "node:assert/strict";
import { mkdtemp, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it, type TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import { type FileContent, Standing, type StandMs, standMs } from "../../../../core/manifest/standing.ts";
import { ManifestFile } from "../../../../platform/process/manifest-file.ts";
import { aborted, Wakeable } from "../../../../platform/process/waiting.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";

const log = createLog({ program: "test", format: "text", level: "silent" });
const text = (max: number) =>
  `apiVersion: dbaas.rideshare/v1\nkind: Database\nmetadata: { name: t }\nspec: { scaling: { max: ${max} } }\n`;

const lookedAtEveryMs = 500;

/** The time of timers and of looks stands, but for steps, each of which ends when the file has been looked at. */
function steppedTime(t: TestContext) {
  let nowMs = 1_000_000;
  let looked = new AbortController();
  t.mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
  const { look } = Standing.prototype;
  t.mock.method(Standing.prototype, "look", function (this: Standing, content: FileContent) {
    looked.abort();
    return look.call(this, content, nowMs);
  });
  const step = async (): Promise<void> => {
    looked = new AbortController();
    nowMs += lookedAtEveryMs;
    t.mock.timers.tick(lookedAtEveryMs);
    await aborted(looked.signal);
    // What the look was for comes behind it.
    await setImmediate();
  };
  return { step };
}

describe("ManifestFile", () => {
  let folder: string;
  let path: string;
  let stop: AbortController;
  const changed = new Wakeable();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "manifest-"));
    path = join(folder, "dbaas.yaml");
  });
  after(() => rm(folder, { recursive: true }));
  afterEach(() => stop.abort());

  async function follow(
    content: string | null,
    stand: StandMs = { plain: 1_000, careful: 1_500 },
  ): Promise<ManifestFile> {
    await rm(path, { force: true });
    if (content !== null) {
      await writeFile(path, content);
      // As a file that was not written just now.
      await utimes(path, 1_000, 1_000);
    }
    stop = new AbortController();
    const file = new ManifestFile(path, log, stand);
    file.onChange(() => changed.wake(), stop.signal);
    await file.watch(stop.signal);
    return file;
  }

  async function until(what: () => boolean): Promise<void> {
    while (!what()) await changed.wait(1_000);
  }

  it("reads the manifest before it is asked", async () => {
    const file = await follow(text(3));
    assert.equal(file.state.spec?.scaling.max, 3);
    assert.equal(file.state.problem, null);
  });

  it("takes up an edit, also of an editor that replaces the file", async () => {
    const file = await follow(text(3));
    await writeFile(path, text(4));
    await until(() => file.state.spec?.scaling.max === 4);
    await writeFile(`${path}~`, text(5));
    await rename(`${path}~`, path);
    await until(() => file.state.spec?.scaling.max === 5);
  });

  it("keeps the last good one after a bad edit, says what is wrong, and takes up the correction", async () => {
    const file = await follow(text(3));
    await writeFile(path, text(0));
    await until(() => file.state.problem?.includes("spec.scaling.max") === true);
    assert.match(file.state.problem ?? "", /^4:25 spec\.scaling\.max: must be from 1 to 64, not 0$/);
    assert.equal(file.state.spec?.scaling.max, 3);
    await writeFile(path, text(3));
    await until(() => file.state.problem === null);
  });

  it("keeps the last good one when the file is emptied or removed", async () => {
    const file = await follow(text(3));
    await writeFile(path, "");
    await until(() => file.state.problem !== null);
    await rm(path);
    await until(() => file.state.problem?.includes("ENOENT") === true);
    assert.equal(file.state.spec?.scaling.max, 3);
  });

  it("takes the last of several quick edits", async () => {
    const file = await follow(text(3));
    for (const max of [4, 5, 6, 7]) await writeFile(path, text(max));
    await until(() => file.state.spec?.scaling.max === 7);
  });

  it("has none to offer when there never was a good one", async () => {
    const file = await follow(null);
    assert.equal(file.state.spec, null);
    await until(() => file.state.problem !== null);
    assert.match(file.state.problem ?? "", /ENOENT/);
    await writeFile(path, text(2));
    await until(() => file.state.spec?.scaling.max === 2);
  });

  for (const [what, edited, promisedMs] of [
    ["two seconds", text(4), 2_000],
    ["six seconds where it leaves something out", text(3).replace("{ scaling: { max: 3 } }", "{}"), 6_000],
  ] as const)
    it(`takes up an edit within ${what}`, { timeout: 120_000 }, async (t) => {
      const time = steppedTime(t);
      const file = await follow(text(3), standMs);
      const before = file.state.spec;
      assert.equal(before?.scaling.max, 3);
      await writeFile(path, edited);
      for (let passedMs = 0; passedMs < promisedMs; passedMs += lookedAtEveryMs) await time.step();
      assert.notEqual(file.state.spec, before);
      assert.deepEqual([file.state.problem, file.state.waiting], [null, null]);
      stop.abort();
    });

  it("does not swallow a huge file", async () => {
    const file = await follow("#".repeat(3 * 2 ** 20));
    assert.match(file.state.problem ?? "", /is longer than 1048576 characters/);
  });
});
