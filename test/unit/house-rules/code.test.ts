// The rules on code find what they are for: a small tree in which one is broken, and what is said of it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { impureParts } from "../../house-rules/pure.ts";
import { longFiles, longFunctions } from "../../house-rules/sizes.ts";
import { unusedExports, unusedFiles } from "../../house-rules/unused.ts";
import { planted, problems, sourcesOf } from "./planted.ts";

describe("PURE files", () => {
  const head = "// PURE. A planted file.\n";
  const impure = (line: string, path = "api/a.ts"): readonly string[] =>
    problems(
      impureParts(sourcesOf({ [path]: `${path.startsWith("core/") ? "" : head}${line}\n` }), {
        "node:util": ["inspect"],
      }),
    );

  for (const [what, line] of [
    ["Date.now", "export const now = () => Date.now();"],
    ["the present date", "export const now = () => new Date();"],
    ["performance", "export const now = () => performance.now();"],
    ["Math.random", "export const chance = () => Math.random();"],
    ["process", "export const port = process.env['PORT'];"],
    ["setTimeout", "export const later = (f: () => void) => setTimeout(f, 1);"],
    ["fetch", "export const get = () => fetch('x');"],
    ["console", "console.log(1);"],
    ["async", "export async function wait() {}"],
    ["await", "export const value = await 1;"],
  ] as const) {
    it(`use no ${what}`, () => {
      assert.deepEqual(impure(line), [`api/a.ts:2: a PURE file uses ${what}`]);
    });
  }

  it("import nothing that touches the outside, and of the rest only what is known to be pure", () => {
    assert.deepEqual(impure(`import { readFileSync } from "node:fs";`), [
      "api/a.ts:2: a PURE file imports readFileSync from node:fs",
    ]);
    assert.deepEqual(impure(`import { inspect, promisify } from "node:util";`), [
      "api/a.ts:2: a PURE file imports promisify from node:util",
    ]);
    assert.deepEqual(impure(`import type { Socket } from "node:net";`), []);
  });

  it("import values from PURE files only", () => {
    const sources = sourcesOf({
      "api/a.ts": `${head}import { b } from "./b.ts";\nimport type { B } from "./b.ts";\nexport const a: B = b;\n`,
      "api/b.ts": "export const b = 1;\nexport type B = number;\n",
    });
    assert.deepEqual(problems(impureParts(sources, {})), [
      "api/a.ts:2: a PURE file imports api/b.ts, which is not",
    ]);
  });

  it("are all those in core/, whatever they say", () => {
    assert.deepEqual(impure("export const now = () => Date.now();", "core/a.ts"), [
      "core/a.ts:1: a PURE file uses Date.now",
    ]);
  });

  it("may have a date of a given time, members and values of their own by those names", () => {
    assert.deepEqual(
      impure("export const of = (ms: number, o: { now(): number }) => [new Date(ms), o.now()];"),
      [],
    );
    assert.deepEqual(impure("export const of = (process: { pid: number }) => process.pid;"), []);
    assert.deepEqual(impure("export const of = (o: { process: number }) => ({ fetch: o.process });"), []);
  });
});

describe("exports", () => {
  it("are imported by some other file, values and types", () => {
    const sources = sourcesOf({
      "core/a.ts": `export const used = 1;\nexport const own = used;\nexport type T = 1;\nexport class C {}\nexport function f() {}\nexport const [x, { y }] = [1, { y: 2 }];\n`,
      "core/b.ts": `import { used as renamed } from "./a.ts";\nconsole.log(renamed);\n`,
    });
    assert.deepEqual(problems(unusedExports(sources)), [
      "core/a.ts:2: no other file imports the value own",
      "core/a.ts:3: no other file imports the type T",
      "core/a.ts:4: no other file imports the value C",
      "core/a.ts:5: no other file imports the value f",
      "core/a.ts:6: no other file imports the value x",
      "core/a.ts:6: no other file imports the value y",
    ]);
  });

  it("of types are used where an exported declaration beside them names them", () => {
    const sources = sourcesOf({
      "core/a.ts":
        "export interface Options { readonly a: number }\nexport const f = (options: Options) => options.a;\n",
      "core/b.ts": `import { f } from "./a.ts";\nf({ a: 1 });\n`,
    });
    assert.deepEqual(unusedExports(sources), []);
  });

  it("that only pass on what is imported count as exports", () => {
    const sources = sourcesOf({
      "core/a.ts": "export const a = 1;\n",
      "core/b.ts": `export { a } from "./a.ts";\n`,
    });
    assert.deepEqual(problems(unusedExports(sources)), ["core/b.ts:1: no other file imports the value a"]);
  });
});

describe("files", () => {
  it("are imported or started by something, and those of the product not only by tests", () => {
    const sources = sourcesOf({
      "api/main.ts": `import "./used.ts";\n`,
      "api/used.ts": "",
      "api/lost.ts": "",
      "api/worker.ts": "",
      "api/fixture.ts": "",
      "test/a.test.ts": `import "../api/fixture.ts";\n`,
    });
    assert.deepEqual(problems(unusedFiles(sources, { "api/worker.ts": "the page starts it" })), [
      "api/lost.ts:1: no file imports this one",
      "api/fixture.ts:1: only tests import this file",
    ]);
  });
});

describe("sizes", () => {
  const long = `export function long() {\n${"  x();\n".repeat(49)}}\n`;

  it("of files are 300 lines at most", () => {
    const tree = planted({
      "core/a.ts": "\n".repeat(301),
      "core/b.ts": "\n".repeat(300),
      "docs/a.md": "\n".repeat(999),
    });
    assert.deepEqual(problems(longFiles(tree, {})), ["core/a.ts:1: the file has 301 lines, 300 are allowed"]);
  });

  it("of functions are 50 lines at most, of methods and of functions without a name too", () => {
    const sources = sourcesOf({
      "core/a.ts": `${long}class C {\n  #m() {\n${"\n".repeat(49)}}\n}\nlist.map(() => {\n${"\n".repeat(49)}});\n`,
    });
    assert.deepEqual(problems(longFunctions(sources, {})), [
      "core/a.ts:1: long has 51 lines, 50 are allowed",
      "core/a.ts:53: m has 51 lines, 50 are allowed".replace(" m ", " #m "),
      "core/a.ts:105: (anonymous) has 51 lines, 50 are allowed",
    ]);
  });

  it("of suites are not counted, of the tests in them they are", () => {
    const body = (name: string) =>
      `describe("s", () => {\n  ${name}("t", () => {\n${"\n".repeat(60)}});\n});\n`;
    assert.equal(longFunctions(sourcesOf({ "test/a.test.ts": body("it") }), {}).length, 1);
  });

  it("that are excepted may not grow, and lose the exception when they need it no more", () => {
    const sources = sourcesOf({ "core/a.ts": long });
    assert.deepEqual(longFunctions(sources, { "core/a.ts#long": 51 }), []);
    assert.equal(longFunctions(sources, { "core/a.ts#long": 50 }).length, 1);
    assert.deepEqual(problems(longFunctions([], { "core/a.ts#long": 51 })), [
      "test/house-rules/exceptions.ts:1: core/a.ts#long needs no exception",
    ]);
  });
});
