// The rules on imports find what they are for: a small tree in which one is broken, and what is said of it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { wordsOf } from "../../house-rules/tree.ts";
import {
  crossedWalls,
  importCircles,
  loadedPackages,
  packagesWithoutAdapter,
} from "../../house-rules/walls.ts";
import { problems, sourcesOf } from "./planted.ts";

const walls = {
  core: [],
  platform: ["core"],
  api: ["core", "platform"],
  worker: ["core"],
  test: ["core", "tools"],
  tools: ["core"],
};

describe("the walls", () => {
  const crossing = (from: string, to: string) =>
    problems(
      crossedWalls(
        sourcesOf({ [from]: `\nimport { a } from "../${to}";\n`, [to]: "export const a = 1;\n" }),
        walls,
      ),
    );

  it("let core/ import nothing from outside", () => {
    assert.deepEqual(crossing("core/a.ts", "platform/b.ts"), [
      "core/a.ts:2: core/ may not import platform/b.ts",
    ]);
  });

  it("let no program import another", () => {
    assert.deepEqual(crossing("worker/a.ts", "api/b.ts"), ["worker/a.ts:2: worker/ may not import api/b.ts"]);
  });

  it("let nothing but tools and tests import tools", () => {
    assert.deepEqual(crossing("api/a.ts", "tools/b.ts"), ["api/a.ts:2: api/ may not import tools/b.ts"]);
    assert.deepEqual(crossing("test/a.ts", "tools/b.ts"), []);
  });

  it("hold for types, for exports of what is imported and for imports at run time", () => {
    const found = crossedWalls(
      sourcesOf({
        "core/a.ts": `import type { T } from "../api/b.ts";\nexport type U = T;\n`,
        "core/b.ts": `export { a } from "../api/b.ts";\n`,
        "core/c.ts": `export const c = () => import("../api/b.ts");\n`,
        "core/d.ts": `export type D = import("../api/b.ts").T;\n`,
        "api/b.ts": "export const a = 1;\nexport type T = 1;\n",
      }),
      walls,
    );
    assert.deepEqual(
      found.map(({ file }) => file),
      ["core/a.ts", "core/b.ts", "core/c.ts", "core/d.ts"],
    );
  });

  it("know every folder", () => {
    const found = crossedWalls(sourcesOf({ "helpers/a.ts": "export const a = 1;\n" }), walls);
    assert.deepEqual(problems(found), ["helpers/a.ts:1: the folder helpers/ is not known"]);
  });
});

describe("adapters", () => {
  it("are the only importers of their package", () => {
    const sources = sourcesOf({
      "api/a.ts": `import amqp from "amqplib";\nimport { x } from "@scope/name/part";\n`,
      "platform/rabbit.ts": `import amqp from "amqplib";\n`,
      "test/a.ts": `import amqp from "amqplib";\n`,
    });
    const found = packagesWithoutAdapter(sources, { amqplib: ["platform/rabbit.ts"], gone: ["api/"] });
    assert.deepEqual(found.map(wordsOf), [
      "api/a.ts:1: imports the package amqplib; use it through platform/rabbit.ts",
      "api/a.ts:2: imports the package @scope/name; name its adapter in test/house-rules/house.ts",
      "test/house-rules/house.ts:1: nothing imports gone; remove it from the table, and from package.json if nothing else needs it",
    ]);
  });
});

describe("packages that a folder must not load", () => {
  const found = (core: string, worker = `import { b } from "../core/b.ts";\n`) =>
    problems(
      loadedPackages(
        sourcesOf({
          "worker/a.ts": worker,
          "core/b.ts": `import { c } from "./c.ts";\nexport const b = c;\n`,
          "core/c.ts": core,
          "api/d.ts": `import { z } from "zod";\n`,
        }),
        { worker: ["zod"] },
      ),
    );

  it("are found through however many files, and at run time", () => {
    assert.deepEqual(found(`import { z } from "zod";\nexport const c = z;\n`), [
      "core/c.ts:1: worker/ loads the package zod: worker/a.ts -> core/b.ts -> core/c.ts",
    ]);
    assert.deepEqual(found("export const c = 1;\n", `\nvoid import("zod");\n`), [
      "worker/a.ts:2: worker/ loads the package zod: worker/a.ts",
    ]);
  });

  it("may be loaded by others, and give types", () => {
    assert.deepEqual(found(`import type { z } from "zod";\nexport const c = 1;\n`), []);
    assert.deepEqual(found(`import { z } from "zod";\n`, `import type { b } from "../core/b.ts";\n`), []);
  });
});

describe("circles", () => {
  it("are found, of types as well, and only the edges that lie on them", () => {
    const sources = sourcesOf({
      "core/a.ts": `import type { B } from "./b.ts";\nexport type A = B;\n`,
      "core/b.ts": `import type { C } from "./c.ts";\nexport type B = C;\n`,
      "core/c.ts": `import { type A } from "./a.ts";\nimport { d } from "./d.ts";\nexport type C = A | typeof d;\n`,
      "core/d.ts": "export const d = 1;\n",
      "core/e.ts": `import type { A } from "./a.ts";\nexport type E = A;\n`,
    });
    assert.deepEqual(problems(importCircles(sources)), [
      "core/a.ts:1: its import of core/b.ts lies on a circle",
      "core/b.ts:1: its import of core/c.ts lies on a circle",
      "core/c.ts:1: its import of core/a.ts lies on a circle",
    ]);
  });
});
