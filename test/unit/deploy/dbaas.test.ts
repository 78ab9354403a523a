// The script's front: what it says and how it exits before it touches any engine.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../../../../dbaas", import.meta.url));

function dbaas(args: readonly string[], environment: Record<string, string> = {}) {
  const run = spawnSync(script, args, {
    encoding: "utf8",
    env: { ...process.env, ...environment },
    timeout: 10_000,
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
    "example up",
    "bench",
    "torture",
    "status",
    "get",
    "wait",
    "events",
    "describe worker",
    "query",
    "switchover",
    "diff",
    "apply",
    "scale",
    "pause",
    "completion bash",
  ]) {
    assert.match(out, new RegExp(`^ {2,}(\\S+=\\S+ |source <\\()?\\./dbaas ${command}`, "m"));
  }
});

test("an unknown command exits with 2 and points to the help", () => {
  const { code, error } = dbaas(["upp"]);
  assert.equal(code, 2);
  assert.equal(error, "dbaas: there is no command upp\ndbaas: ./dbaas help shows every command\n");
});

test("an option that a command does not have exits with 2 and does nothing", () => {
  assert.equal(dbaas(["down", "--volume"]).code, 2);
  assert.equal(dbaas(["up", "now"]).code, 2);
  assert.equal(dbaas(["logs", "--forever"]).code, 2);
  assert.equal(dbaas(["example", "restart"]).code, 2);
});

test("the completion is a script that bash takes, and no other shell's", () => {
  const { code, out } = dbaas(["completion", "bash"]);
  assert.equal(code, 0);
  assert.equal(spawnSync("bash", ["-n"], { input: out }).status, 0);
  assert.equal(dbaas(["completion"]).code, 2);
  assert.equal(dbaas(["completion", "fish"]).code, 2);
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
  const services = readFileSync(new URL("../../../../docker-compose.yml", import.meta.url), "utf8")
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
