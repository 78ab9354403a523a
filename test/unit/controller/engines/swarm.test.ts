// A Swarm's services, tasks and nodes as the controller sees them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type HostFacts,
  type HostStanding,
  standings,
} from "../../../../controller/engines/swarm/host-standings.ts";
import {
  courseOf,
  newestOf,
  nodeOf,
  renewed,
  type SeenOn,
  seenOf,
  serviceOf,
} from "../../../../controller/engines/swarm/swarm-formats.ts";
import type { SwarmService, SwarmTask } from "../../../../controller/engines/swarm/swarm-types.ts";
import { workerContainer } from "../../../../controller/engines/worker-container.ts";
import type { HostNode } from "../../../../core/state/znodes.ts";
import { spec } from "../makers.ts";

const note = (changes: Partial<HostNode> = {}): HostNode => ({
  host: "host-1",
  image: "sha256:1",
  volumes: [],
  killed: {},
  leads: [],
  ...changes,
});

describe("a host", () => {
  const facts = (ready: boolean, noted: boolean): readonly HostFacts[] => [
    { name: "host-1", number: 1, ready, note: noted ? note() : null },
  ];
  const at = (ms: number) => ({ wallMs: 1_000_000 + ms, monotonicMs: ms });
  /** What was seen at which moment. */
  const after = (...seen: readonly (readonly [number, boolean, boolean])[]): HostStanding | undefined =>
    seen.reduce<readonly HostStanding[]>(
      (before, [ms, ready, noted]) => standings(before, facts(ready, noted), at(ms)),
      [],
    )[0];

  it("is reachable while Swarm and ZooKeeper see it, since it was first seen", () => {
    const standing = after([0, true, true], [5_000, true, true]);
    assert.deepEqual([standing?.reachable, standing?.sinceMs], [true, 1_000_000]);
  });

  it("is away at once when neither sees it", () => {
    const standing = after([0, true, true], [5_000, false, false]);
    assert.deepEqual([standing?.reachable, standing?.sinceMs], [false, 1_005_000]);
  });

  it("is away after a while when one of them does not see it: what is restarted is back by then", () => {
    for (const [ready, noted] of [
      [true, false],
      [false, true],
    ] as const) {
      assert.equal(after([0, true, true], [1, ready, noted], [9_000, ready, noted])?.reachable, true);
      assert.equal(after([0, true, true], [1, ready, noted], [10_001, ready, noted])?.reachable, false);
      assert.equal(
        after([0, true, true], [1, ready, noted], [9_000, true, true], [11_000, ready, noted])?.reachable,
        true,
      );
    }
  });

  it("is back only when both see it", () => {
    const lost = [
      [0, true, true],
      [1, false, false],
    ] as const;
    assert.equal(after(...lost, [2, true, false])?.reachable, false);
    assert.deepEqual(after(...lost, [2, true, true])?.sinceMs, 1_000_002);
  });

  it("keeps the last that it told of itself", () => {
    assert.deepEqual(after([0, true, true], [1, false, false])?.note, note());
  });
});

describe("a worker's service", () => {
  const settings = {
    cluster: "c",
    uid: "u",
    image: "i",
    network: "n",
    environment: {},
    secrets: [{ name: "c-rabbitmq-url", file: "rabbitmq-url" }],
  };
  const place = { nodeId: "node1", number: 2, secretIds: new Map([["c-rabbitmq-url", "secret1"]]) };
  const container = workerContainer(settings, spec().worker, {
    worker: "w-3",
    host: "host-2",
    image: "sha256:1",
  });
  const made = serviceOf(container, place);

  it("has no task before it is started, is pinned to its node, and is never started again by Swarm", () => {
    assert.equal(made.Mode.Replicated.Replicas, 0);
    assert.equal(made.TaskTemplate.RestartPolicy.Condition, "none");
    assert.equal(nodeOf({ Spec: made } as unknown as SwarmService), "node1");
  });

  it("is made from other words each time it is to run again, lest its last task counts as the one that it asks for", () => {
    const again = renewed(made, { Spec: made } as unknown as SwarmService);
    const andAgain = renewed(made, { Spec: again } as unknown as SwarmService);
    assert.deepEqual(
      [again, andAgain].map(({ TaskTemplate }) => TaskTemplate.ForceUpdate),
      [1, 2],
    );
    assert.deepEqual(again, { ...made, TaskTemplate: { ...made.TaskTemplate, ForceUpdate: 1 } });
  });

  it("hands over credentials as secrets, and names the broker of its host", () => {
    const { Secrets, Env } = made.TaskTemplate.ContainerSpec;
    assert.deepEqual(
      Secrets.map(({ SecretID, File }) => [SecretID, File.Name]),
      [["secret1", "rabbitmq-url"]],
    );
    assert.ok(Env.includes("RABBITMQ_PREFERRED=rabbitmq-2"));
    assert.ok(Env.includes("ZOOKEEPER_PREFERRED=zookeeper-2"));
    assert.ok(Env.includes("WORKER_HOST=host-2"));
  });

  it("gives its process no more rights than a container has on one host", () => {
    const { ReadOnly, CapabilityDrop, Init } = made.TaskTemplate.ContainerSpec;
    assert.deepEqual([ReadOnly, CapabilityDrop, Init], [true, ["ALL"], true]);
    assert.deepEqual(made.TaskTemplate.Resources.Limits, {
      MemoryBytes: container.memoryBytes,
      Pids: container.pidsMax,
    });
  });
});

describe("a task", () => {
  const id = "a".repeat(64);
  const service = (replicas: number): SwarmService => ({
    ID: "s1",
    Version: { Index: 1 },
    Spec: {
      Name: "c-w-3",
      Labels: { "dbaas.worker": "w-3", "dbaas.spec": "x" },
      Mode: { Replicated: { Replicas: replicas } },
      TaskTemplate: {},
    },
  });
  const task = (state: string, exitCode = 0, changes: Partial<SwarmTask> = {}): SwarmTask => ({
    ID: "t1",
    ServiceID: "s1",
    CreatedAt: "2026-01-01T00:00:00Z",
    DesiredState: "running",
    Status: {
      State: state,
      Timestamp: "2026-01-01T00:00:05Z",
      ContainerStatus: { ContainerID: id, PID: 42, ExitCode: exitCode },
    },
    ...changes,
  });
  const on: SeenOn = { host: "host-1", reachable: true, note: note(), overForMs: 0, isKilledByUs: false };
  const seen = (shown: SwarmTask, changes: Partial<SeenOn> = {}, replicas = 1) =>
    seenOf(service(replicas), shown, { ...on, ...changes });

  it("that runs shows its container and pid", () => {
    const container = seen(task("running"));
    assert.deepEqual([container?.state, container?.id, container?.pid], ["running", id, 42]);
  });

  it("is unknown, whatever it shows, while its host is away", () => {
    for (const state of ["running", "failed", "pending"])
      assert.equal(seen(task(state), { reachable: false })?.state, "unknown");
  });

  it("that is coming or is being stopped is on its way, and neither runs nor is dead", () => {
    assert.equal(seen(task("preparing"))?.state, "going");
    assert.equal(seen(task("running"), {}, 0)?.state, "going");
    assert.equal(seen(task("running", 0, { DesiredState: "shutdown" }))?.state, "going");
  });

  it("that is over is a dead container until its service is scaled to none", () => {
    assert.deepEqual(
      [seen(task("failed", 1))?.state, seen(task("failed", 1))?.ending, seen(task("failed", 1))?.endedWith],
      ["dead", "crashed", "exit code 1"],
    );
    assert.equal(seen(task("complete"))?.ending, "clean");
    assert.equal(seen(task("failed", 1), {}, 0), null);
  });

  it("that was killed says from outside or for want of memory once its host has told, or after a moment", () => {
    const killed = task("failed", 137);
    assert.equal(seen(killed)?.state, "running");
    assert.equal(seen(killed, { overForMs: 500 })?.ending, "killed");
    assert.equal(seen(killed, { isKilledByUs: true })?.ending, "killed");
    const told = note({ killed: { [id.slice(0, 12)]: "outOfMemory" } });
    assert.deepEqual(
      [seen(killed, { note: told })?.ending, seen(killed, { note: told })?.endedWith],
      ["outOfMemory", "out of memory"],
    );
  });

  it("that could not start says why", () => {
    const Status = { State: "rejected", Timestamp: "2026-01-01T00:00:05Z", Err: "No such image: x" };
    const rejected = seen(task("rejected", 0, { Status }));
    assert.deepEqual([rejected?.ending, rejected?.endedWith], ["crashed", "No such image: x"]);
  });

  it("counts when it is its service's newest", () => {
    const later = task("running", 0, { ID: "t2", CreatedAt: "2026-01-01T00:01:00Z" });
    assert.equal(newestOf([later, task("failed", 1)], "s1")?.ID, "t2");
    assert.equal(newestOf([], "s1"), null);
    assert.equal(courseOf(later), "running");
  });
});
