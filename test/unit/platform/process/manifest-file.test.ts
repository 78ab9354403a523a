import assert from "node:assert/strict";
import { mkdtemp, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { ManifestFile } from "../../../../platform/process/manifest-file.ts";
import { Wakeable } from "../../../../platform/process/waiting.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";

const log = createLog({ program: "test", format: "text", level: "silent" });
const text = (max: number) =>
  `apiVersion: dbaas.rideshare/v1\nkind: Database\nmetadata: { name: t }\nspec: { scaling: { max: ${max} } }\n`;

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

  async function follow(content: string | null): Promise<ManifestFile> {
    await rm(path, { force: true });
    if (content !== null) {
      await writeFile(path, content);
      // As a file that was not written just now.
      await utimes(path, 1_000, 1_000);
    }
    stop = new AbortController();
    const file = new ManifestFile(path, log, { plain: 1_000, careful: 1_500 });
    file.onChange(() => changed.wake(), stop.signal);
    await file.watch(stop.signal);
    return file;
  }

  /** Edits are promised to be taken up within two seconds. */
  async function until(what: () => boolean): Promise<void> {
    const deadline = performance.now() + 2_000;
    while (!what()) {
      assert.ok(performance.now() < deadline, "not taken up within two seconds");
      await changed.wait(100);
    }
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
    await until(() => file.state.problem !== null);
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

  it("does not swallow a huge file", async () => {
    const file = await follow("#".repeat(3 * 2 ** 20));
    assert.match(file.state.problem ?? "", /is longer than 1048576 characters/);
  });
});
