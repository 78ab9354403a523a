import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { processesOf } from "../../support/processes.ts";

const files = globSync("test/**/*.test.ts").map((file) => resolve(file));
const runBy = ({ files, argv }: { readonly files: readonly string[]; readonly argv: readonly string[] }) =>
  argv.length > 0 ? argv : files;

describe("the processes of the tests", () => {
  it("run every file once", () => {
    assert.deepEqual(processesOf(files).flatMap(runBy).sort(), [...files].sort());
  });

  it("keep the order of files that run by themselves, and share no clusters", () => {
    const clusters = files.filter((file) => !file.includes("/test/unit/"));
    assert.deepEqual(
      processesOf(clusters),
      clusters.map((file) => ({ files: [file], argv: [] })),
    );
  });

  it("are shared by the files of a folder, and of one folder only", () => {
    const [core, worker] = processesOf(
      ["core/a/x", "core/y", "worker/write/z", "worker/write/w", "paths"].map(
        (name) => `test/unit/${name}.test.ts`,
      ),
    );
    assert.deepEqual(
      [core, worker].map((one) => one?.argv.map((file) => file.replace(/.*test\/unit\//, ""))),
      [
        ["core/a/x.test.ts", "core/y.test.ts"],
        ["worker/write/z.test.ts", "worker/write/w.test.ts"],
      ],
    );
  });
});
