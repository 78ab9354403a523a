// The rules of the house, held against the repository. Each is a function in test/house-rules/ that is shown to find what it
// is for in the folder test/unit/house-rules/.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { brokenLinks, missingPaths, unknownTests } from "../house-rules/documents.ts";
import { circlesLeft, fileSizes, functionSizes, impureLeft } from "../house-rules/exceptions.ts";
import {
  adapters,
  otherNames,
  pureParts,
  startedFiles,
  unloaded,
  variables,
  walls,
} from "../house-rules/house.ts";
import { impureParts } from "../house-rules/pure.ts";
import { readTree, repositoryRoot } from "../house-rules/read-tree.ts";
import { longFiles, longFunctions } from "../house-rules/sizes.ts";
import { parseSources } from "../house-rules/syntax.ts";
import { excepting, type Violation, wordsOf } from "../house-rules/tree.ts";
import { unusedExports, unusedFiles } from "../house-rules/unused.ts";
import { untoldVariables } from "../house-rules/variables.ts";
import { crossedWalls, importCircles, loadedPackages, packagesWithoutAdapter } from "../house-rules/walls.ts";

const tree = readTree(repositoryRoot());
const sources = parseSources(tree);

const holds = (violations: readonly Violation[]): void =>
  assert.equal(violations.length, 0, `\n${violations.map(wordsOf).join("\n")}\n`);

describe("the house", () => {
  it("has walls: a folder imports only what the table of walls allows it", () => {
    holds(crossedWalls(sources, walls));
  });

  it("has one adapter per outside package", () => {
    holds(packagesWithoutAdapter(sources, adapters));
  });

  it("loads no package where there is no memory for it, through however many files", () => {
    holds(loadedPackages(sources, unloaded));
  });

  it("has no circles of imports, types included", () => {
    holds(excepting(importCircles(sources), circlesLeft));
  });

  it("has no clock, chance, process, timer or wait in a PURE file", () => {
    holds(excepting(impureParts(sources, pureParts), impureLeft));
  });

  it("has no export that no other file imports", () => {
    holds(unusedExports(sources));
  });

  it("has no file that nothing imports or starts", () => {
    holds(unusedFiles(sources, startedFiles));
  });

  it("has no long files", () => {
    holds(longFiles(tree, fileSizes));
  });

  it("has no long functions", () => {
    holds(longFunctions(sources, functionSizes));
  });

  it("has no broken link in a document", () => {
    holds(brokenLinks(tree));
  });

  it("has every path that a document or a comment names", () => {
    holds(missingPaths(tree, otherNames));
  });

  it("tells of every variable that a program reads", () => {
    holds(untoldVariables(tree, variables));
  });

  it("has every test that the table of faults names", () => {
    holds(unknownTests(tree, sources, "docs/reliability.md"));
  });
});
