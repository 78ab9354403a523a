// The parts too small for a file of their own.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { ContainerListed, InspectedState } from "../../../controller/engines/docker/docker-api.ts";
import { hostConfigOf, seenOf, textOfLogs } from "../../../controller/engines/docker/docker-formats.ts";
import { workerContainer } from "../../../controller/engines/worker-container.ts";
import { failpointsIn } from "../../../controller/failpoint.ts";
import { containerName, labels, ordinalOf, shortId, workerName } from "../../../controller/names.ts";
import { spec } from "./makers.ts";

describe("names", () => {
  it("know workers by their ordinal, and nothing else for a worker", () => {
    assert.equal(ordinalOf(workerName(12)), 12);
    for (const name of ["w-0", "w-01", "w-", "x-1", "w-1x", "w--1", ""]) assert.equal(ordinalOf(name), null);
    assert.equal(containerName("dbaas", "w-1"), "dbaas-w-1");
    assert.equal(shortId("0123456789abcdef"), "0123456789ab");
  });
});

describe("workerContainer", () => {
  const settings = { cluster: "c", uid: "u", image: "i", network: "n", environment: { ZOOKEEPER: "z" } };

  it("bears the cluster's labels and is told who it is", () => {
    const container = workerContainer(settings, spec().worker, { worker: "w-2", host: "h", image: null });
    assert.equal(container.name, "c-w-2");
    assert.equal(container.volume.name, "c-w-2");
    assert.deepEqual(container.environment, {
      ZOOKEEPER: "z",
      DBAAS_CLUSTER: "c",
      DATA_DIR: "/data",
      WORKER_NAME: "w-2",
      WORKER_HOST: "h",
    });
    const { [labels.spec]: hash, ...rest } = container.labels;
    assert.deepEqual(rest, { [labels.cluster]: "c", [labels.uid]: "u", [labels.worker]: "w-2" });
    assert.match(hash ?? "", /^[0-9a-f]{12}(-[0-9a-f]{12}){2}$/);
  });

  it("has one hash for all workers of a specification, and another for another one", () => {
    const hash = (changes: object, worker: string, image: string | null = null) =>
      workerContainer(settings, { ...spec().worker, ...changes }, { worker, host: "h", image }).labels[
        labels.spec
      ];
    assert.equal(hash({}, "w-1"), hash({}, "w-2"));
    assert.notEqual(hash({}, "w-1"), hash({ memoryBytes: 1 }, "w-1"));
    assert.notEqual(hash({}, "w-1", "sha256:1"), hash({}, "w-1", "sha256:2"));
  });

  it("may not swap", () => {
    const { Memory, MemorySwap } = hostConfigOf(
      workerContainer(settings, spec().worker, { worker: "w-1", host: "h", image: null }),
    );
    assert.equal(MemorySwap, Memory);
  });
});

describe("textOfLogs", () => {
  const frame = (text: string) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([head, Buffer.from(text)]);
  };

  it("puts the frames together", () =>
    assert.equal(textOfLogs(Buffer.concat([frame("one\n"), frame("twö\n")])), "one\ntwö"));

  it("makes do with what is cut off", () => assert.equal(textOfLogs(frame("whole").subarray(0, 10)), "wh"));
});

describe("seenOf", () => {
  const listed = { Id: "1".repeat(64), Labels: { [labels.worker]: "w-1" } } as unknown as ContainerListed;
  const ended = (ExitCode: number, OOMKilled = false) => {
    const times = { StartedAt: "2026-01-01T00:00:00Z", FinishedAt: "2026-01-01T00:00:01Z" };
    const state = { Status: "exited", Running: false, Pid: 0, ExitCode, OOMKilled, ...times };
    const { ending, endedWith } = seenOf(listed, state as InspectedState, "h");
    return [ending, endedWith];
  };

  it("tells a process that ended in order, or as it was asked, from one that was killed or crashed", () => {
    assert.deepEqual(ended(0), ["clean", "exit code 0"]);
    assert.deepEqual(ended(143), ["clean", "exit code 143"]);
    assert.deepEqual(ended(137), ["killed", "exit code 137"]);
    assert.deepEqual(ended(137, true), ["outOfMemory", "out of memory"]);
    assert.deepEqual(ended(139), ["crashed", "exit code 139"]);
  });
});

describe("failpointsIn", () => {
  it("ends the process at the named point, once for ever", () => {
    const folder = mkdtempSync(join(tmpdir(), "failpoint-"));
    const exits: number[] = [];
    const point = () => failpointsIn("after-create,after-start", folder, (code) => exits.push(code));
    const first = point();
    first("before-kill");
    first("after-create");
    first("after-create");
    point()("after-create");
    point()("after-start");
    assert.deepEqual(exits, [137, 137]);
    rmSync(folder, { recursive: true });
  });

  it("does nothing when none is named", () => {
    const point = failpointsIn("", "/nowhere", () => assert.fail("exited"));
    point("after-create");
    point("");
  });
});
