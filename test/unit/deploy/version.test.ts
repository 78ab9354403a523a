import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { version } from "../../../platform/process/version.ts";
import { Metrics } from "../../../platform/telemetry/metrics.ts";

const root = join(import.meta.dirname, "../../..");
const textOf = (file: string): string => readFileSync(join(root, file), "utf8");

test("package.json's version is that of the programs, of the image and of the lock file", () => {
  const { version: wanted, license } = JSON.parse(textOf("package.json"));
  assert.match(wanted, /^\d+\.\d+\.\d+/);
  assert.equal(version, wanted);
  assert.equal(JSON.parse(textOf("package-lock.json")).version, wanted);
  const label = (name: string) => new RegExp(`image\\.${name}="([^"]*)"`).exec(textOf("Dockerfile"))?.[1];
  assert.equal(label("version"), wanted);
  assert.equal(label("licenses"), license);
  assert.equal(label("title"), "Mini DBaaS");
});

test("every program's metrics tell the version", async () => {
  const text = await new Metrics({ program: "worker" }).text();
  assert.match(text, new RegExp(`^dbaas_build_info\\{version="${version}",program="worker"\\} 1$`, "m"));
});

test("./dbaas version tells the version of the sources, without an engine as well", () => {
  const environment = { PATH: process.env.PATH, HOME: process.env.HOME, DOCKER_HOST: "unix:///nowhere" };
  const { status, stdout } = spawnSync(join(root, "dbaas"), ["version"], {
    env: environment,
    encoding: "utf8",
  });
  assert.equal(status, 0);
  assert.equal(stdout, `sources       ${version}\n`);
});

test("the changelog has an entry for the version", () => {
  assert.match(textOf("CHANGELOG.md"), new RegExp(`^## \\[${version.replaceAll(".", "\\.")}\\]`, "m"));
});
