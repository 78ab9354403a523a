import assert from "node:assert/strict";
import { test } from "node:test";
import { cpuPercent, familyOf, parseStat, processName } from "../../../../tools/bench/world/processes.ts";

test("a process is read from its line, even when its name holds spaces and brackets", () => {
  const line =
    "4242 (tmux: (server) x) S 17 4242 4242 0 -1 4194368 12345 0 1 0 250 75 0 0 20 0 11 0 1000 99999999 2560 18446744073709551615";
  assert.deepEqual(parseStat(line), { pid: 4242, parent: 17, cpuTicks: 325, residentPages: 2560 });
});

test("a family is a process with all its descendants", () => {
  const stat = (pid: number, parent: number) => ({ pid, parent, cpuTicks: 0, residentPages: 0 });
  const all = [stat(1, 0), stat(2, 1), stat(3, 2), stat(4, 2), stat(5, 1)];
  assert.deepEqual(
    familyOf(2, all).map(({ pid }) => pid),
    [2, 3, 4],
  );
  assert.deepEqual(familyOf(9, all), []);
});

test("the orchestrator's container has its programs named, other containers are one", () => {
  const line = "node /app/controller/main.ts ";
  assert.equal(processName("bench-orchestrator", "bench", line), "controller");
  assert.equal(processName("bench-orchestrator", "bench", "/sbin/docker-init -- node"), "init");
  assert.equal(processName("bench-w-2", "bench", line), "w-2");
});

test("processor time is in percent of one core, and a new process counts from its start", () => {
  const usage = (cpuSeconds: number) => ({ cpuSeconds, residentBytes: 0 });
  const before = new Map([["api", usage(10)]]);
  const after = new Map([
    ["api", usage(11.5)],
    ["w-3", usage(0.5)],
  ]);
  assert.deepEqual(cpuPercent(before, after, 2), { api: 75, "w-3": 25 });
});
