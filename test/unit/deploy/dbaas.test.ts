// The script's front: what it says and how it exits before it touches any engine.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../../../dbaas", import.meta.url));

function dbaas(args: readonly string[], environment: Record<string, string> = {}) {
  const run = spawnSync(script, args, {
    encoding: "utf8",
    env: { ...process.env, ...environment },
    timeout: 120_000,
  });
  return { code: run.status, out: run.stdout, error: run.stderr };
}

test("help names every command of the script, each with an example", () => {
  const { code, out } = dbaas(["help"]);
  assert.equal(code, 0);
  for (const command of [
    "up",
    "down",
    "logs",
    "build",
    "test",
    "version",
    "example up",
    "bench",
    "torture",
    "status",
    "get",
    "wait",
    "events",
    "describe worker",
    "sql",
    "backup",
    "restore",
    "import",
    "export",
    "switchover",
    "diff",
    "apply",
    "scale",
    "pause",
    "completion SHELL",
  ]) {
    assert.match(out, new RegExp(`^ {2,}(\\S+=\\S+ |source <\\()?\\./dbaas ${command}`, "m"));
  }
});

test("an unknown command exits with 2 and points to the help", () => {
  const { code, error } = dbaas(["upp"]);
  assert.equal(code, 2);
  assert.equal(error, "dbaas: there is no command upp\ndbaas: ./dbaas help shows every command\n");
});

test("query, which is no more, exits with 2 and says that it is sql now", () => {
  const { code, out, error } = dbaas(["query", "select * from users"]);
  assert.equal(code, 2);
  assert.equal(out, "");
  assert.match(error, /^dbaas: query is \.\/dbaas sql now, .*: \.\/dbaas sql "SELECT \* FROM users"\n/);
  assert.doesNotMatch(dbaas(["help"]).out + dbaas(["completion", "bash"]).out, /\bquery\b/);
  assert.doesNotMatch(dbaas(["__complete", "1", ""]).out, /\bquery\b/);
});

test("an option that a command does not have exits with 2 and does nothing", () => {
  assert.equal(dbaas(["down", "--volume"]).code, 2);
  assert.equal(dbaas(["up", "now"]).code, 2);
  assert.equal(dbaas(["logs", "--forever"]).code, 2);
  assert.equal(dbaas(["example", "restart"]).code, 2);
});

for (const shell of ["bash", "zsh", "fish"])
  test(`the completion for ${shell} is a script that asks for what fits`, (context) => {
    const { code, out } = dbaas(["completion", shell]);
    assert.equal(code, 0);
    assert.match(out, / __complete /);
    const folder = mkdtempSync(join(tmpdir(), "completion-"));
    context.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, `dbaas.${shell}`);
    writeFileSync(file, out);
    const { error, status, stderr } = spawnSync(shell, ["-n", file], { encoding: "utf8" });
    if (error !== undefined && "code" in error && error.code === "ENOENT")
      context.diagnostic(`${shell} is not installed: its syntax was not checked`);
    else assert.equal(status, 0, stderr);
  });

test("there is no completion for a shell that nobody has", () => {
  assert.equal(dbaas(["completion"]).code, 2);
  assert.equal(dbaas(["completion", "cmd"]).code, 2);
});

test("what may stand at a place of the command line is offered there", () => {
  const offered = (...words: string[]): readonly string[] =>
    dbaas(["__complete", String(words.length), ...words])
      .out.trim()
      .split("\n");
  assert.ok(["up", "scale", "completion"].every((command) => offered("").includes(command)));
  assert.deepEqual(offered("get", ""), [
    "workers",
    "master",
    "slaves",
    "hosts",
    "status",
    "events",
    "backups",
  ]);
  assert.deepEqual(offered("get", "workers", "-o", ""), ["table", "wide", "json", "yaml", "name"]);
  assert.deepEqual(offered("apply", "--file", "man"), [":files"]);
  assert.deepEqual(offered("token", ""), ["reader", "writer", "admin"]);
  assert.deepEqual(offered("nothing", ""), [""]);
});

test("a cluster name that containers could not carry is refused by name", () => {
  const { code, error } = dbaas(["up"], { DBAAS_CLUSTER: "My Cluster" });
  assert.equal(code, 1);
  assert.match(error, /DBAAS_CLUSTER=My Cluster: .*lower-case/);
});

test("a port out of range is refused by name", () => {
  assert.match(dbaas(["up"], { DBAAS_PORT: "eighty" }).error, /DBAAS_PORT=eighty is not a port number/);
});

test("a folder without a manifest is refused before anything is started", () => {
  const { code, error } = dbaas(["up"], { DBAAS_MANIFESTS: "/nowhere" });
  assert.equal(code, 1);
  assert.match(error, /no dbaas\.yaml in \/nowhere/);
});

test("the compose file names no worker: those exist only because the controller made them", () => {
  const services = readFileSync(new URL("../../../docker-compose.yml", import.meta.url), "utf8")
    .split("\nservices:\n")[1]
    ?.split("\nnetworks:\n")[0]
    ?.match(/^ {2}[a-z]+(?=:$)/gm);
  assert.deepEqual(
    services?.map((name) => name.trim()),
    ["zookeeper", "rabbitmq", "orchestrator"],
  );
});

test("token prints a token once, with the line for the manifest that holds its digest", () => {
  const { code, out } = dbaas(["token", "writer", "my-service"]);
  assert.equal(code, 0);
  const [token = ""] = /dbaas_[0-9a-f]{64}/.exec(out) ?? [];
  const digest = createHash("sha256").update(token).digest("hex");
  assert.ok(out.includes(`- { name: my-service, role: writer, sha256: "${digest}" }`), out);
  assert.ok(!dbaas(["token", "writer", "my-service"]).out.includes(token));
});

test("a token of no role, or without a name, is refused", () => {
  assert.match(dbaas(["token", "root", "me"]).error, /the role is reader, writer or admin, not root/);
  assert.match(dbaas(["token", "admin", "a b"]).error, /a name has letters/);
  assert.equal(dbaas(["token", "admin"]).code, 2);
});

test("TLS without its files is refused by the folder's name", () => {
  const { code, error } = dbaas(["up"], { DBAAS_TLS: "/nowhere" });
  assert.equal(code, 1);
  assert.match(error, /DBAAS_TLS=\/nowhere: this folder should hold tls.crt and tls.key/);
});

test("a folder for backups that is not there is refused by name, before anything is set up", () => {
  const { code, error } = dbaas(["up"], { DBAAS_BACKUPS: "/nowhere" });
  assert.equal(code, 1);
  assert.match(error, /DBAAS_BACKUPS=\/nowhere: there is no such folder/);
});

test("a restore to a position or a moment is refused from another machine, which has no log", () => {
  for (const target of [
    ["--to-position", "4"],
    ["--to-moment", "2026-11-27T10:00:00Z", "monday.db"],
  ]) {
    const { code, error } = dbaas(["restore", ...target], { DBAAS_URL: "http://localhost:1" });
    assert.equal(code, 1);
    assert.match(error, /reads the log: run it on the machine of the service/);
  }
});
