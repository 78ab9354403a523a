// A program that reaches the engine's socket is root on the host. The controller must reach it. The API must not, nor anything that
// could reach it for the API: code that runs in the API has exactly the rights that are tried here.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { docker } from "../../tools/cluster/command.ts";
import { pidIn } from "../../tools/cluster/orchestrator.ts";
import { containers } from "../../tools/cluster/settings.ts";
import { useCluster } from "../support/cluster.ts";

useCluster();

interface Process {
  readonly pid: number;
  /** Real, effective, saved and that for files. */
  readonly users: readonly number[];
  /** Every group that it is in, its own first. */
  readonly groups: readonly number[];
  readonly capabilities: readonly string[];
  readonly canGainRights: boolean;
}

const inside = (user: string, ...command: string[]): Promise<string> =>
  docker("exec", "--user", user, containers.orchestrator, ...command);

async function processOf(program: "api" | "controller"): Promise<Process> {
  const pid = await pidIn(program);
  const status = await inside("root", "cat", `/proc/${pid}/status`);
  const words = (name: string): readonly string[] =>
    new RegExp(`^${name}:(.*)$`, "m").exec(status)?.[1]?.match(/\S+/g) ?? [];
  return {
    pid,
    users: words("Uid").map(Number),
    groups: [...new Set([...words("Gid"), ...words("Groups")].map(Number))],
    capabilities: ["CapInh", "CapPrm", "CapEff", "CapAmb"].flatMap(words),
    canGainRights: words("NoNewPrivs")[0] !== "1",
  };
}

let api: Process;
let controller: Process;

before(async () => {
  api = await processOf("api");
  controller = await processOf("controller");
});

const asUser = ({ users, groups }: Process): string => `${users[0]}:${groups[0]}`;

test("the API neither owns the engine's socket nor is in its group, and can gain no rights", async () => {
  const seen = await inside("root", "stat", "-c", "%u %g %a", "/var/run/docker.sock");
  const [owner, group, mode = ""] = seen.trim().split(" ");
  assert.deepEqual([...new Set(api.users)].length, 1);
  assert.notEqual(api.users[0], Number(owner));
  assert.ok(!api.groups.includes(Number(group)), `the API is in the groups ${api.groups}`);
  assert.match(mode, /0$/, "the socket is open to every user of this machine");
  for (const { capabilities, canGainRights } of [api, controller]) {
    assert.deepEqual([...new Set(capabilities.map(Number))], [0]);
    assert.equal(canGainRights, false);
  }
});

test("the engine's socket refuses a process with exactly the API's rights, and answers one with the controller's", async () => {
  const connecting = `
    const asked = require("node:http").get({ socketPath: "/var/run/docker.sock", path: "/_ping" });
    asked.on("response", (answer) => answer.on("data", (data) => process.stdout.write(data)));
    asked.on("error", ({ code }) => process.stdout.write(code));`;
  const groups = await inside(asUser(api), "id", "-G");
  assert.deepEqual(groups.trim().split(" ").map(Number), api.groups);
  assert.equal(await inside(asUser(api), "node", "-e", connecting), "EACCES");
  assert.equal(await inside(asUser(controller), "node", "-e", connecting), "OK");
});

test("a process with the API's rights can neither signal nor read the controller and the orchestrator", async () => {
  const attack = `
    const { readFileSync, readdirSync } = require("node:fs");
    const codeOf = (act) => { try { act(); return "done"; } catch ({ code }) { return code; } };
    const tried = process.argv.slice(1).map((pid) => [
      codeOf(() => process.kill(Number(pid), 0)),
      codeOf(() => process.kill(Number(pid), "SIGUSR1")),
      codeOf(() => readFileSync("/proc/" + pid + "/environ")),
      codeOf(() => readFileSync("/proc/" + pid + "/mem")),
      codeOf(() => readdirSync("/proc/" + pid + "/fd")),
      codeOf(() => readdirSync("/proc/" + pid + "/root/")),
    ]);
    process.stdout.write(JSON.stringify(tried));`;
  const tried = await inside(asUser(api), "node", "-e", attack, "1", String(controller.pid), String(api.pid));
  const refused = ["EPERM", "EPERM", "EACCES", "EACCES", "EACCES", "EACCES"];
  // Its own can be signalled and read: what refuses the others is who they are.
  assert.deepEqual(JSON.parse(tried), [refused, refused, ["done", "done", "done", "EIO", "done", "done"]]);
});

test("no signal makes the API or the controller listen to a debugger", async () => {
  for (const { pid } of [api, controller]) await inside("root", "sh", "-c", `kill -USR1 ${pid}`);
  const sockets = await inside("root", "cat", "/proc/net/tcp", "/proc/net/tcp6");
  // Port 9229 in hexadecimal, and the state of a socket that listens.
  assert.doesNotMatch(sockets, /:240D [0-9A-F]+:0000 0A/);
  assert.deepEqual([await pidIn("api"), await pidIn("controller")], [api.pid, controller.pid]);
});

test("a process with the API's rights can change nothing that the controller runs or reads", async () => {
  const finding = "find /app /manifests /tls -writable ! -type l 2>/dev/null | head; true";
  assert.equal(await inside(asUser(api), "sh", "-c", finding), "");
});
