// PURE. After a fault the cluster is exactly what was asked for: nothing missing, nothing left behind.
import type { Violation } from "../history.ts";

/** What is there once the cluster says that it is as desired. */
export interface Remains {
  readonly workersDesired: number;
  /** Names by containers of any state that bear this cluster's labels. */
  readonly containers: readonly { readonly name: string; readonly running: boolean }[];
  readonly workerNodes: readonly string[];
  readonly pidNodes: readonly string[];
  readonly drainNodes: readonly string[];
  readonly openCommands: readonly string[];
  readonly queues: readonly {
    readonly name: string;
    readonly messages: number;
    readonly consumers: number;
  }[];
  readonly queuesDesired: QueuesDesired;
}

export interface QueuesDesired {
  /** By name. */
  readonly lasting: readonly string[];
  /** Of those that programs make for themselves, whose names tell no more than their kind: how many. */
  readonly perProgram: readonly { readonly kind: RegExp; readonly count: number }[];
}

/** Must be empty while no client sends anything. */
const emptied = ["readQ", "writeQ", "responseQ"];
const snapshotQueue = /^snapshot\./;

export function checkLeftovers(remains: Remains): readonly Violation[] {
  const {
    workersDesired,
    containers,
    workerNodes,
    pidNodes,
    drainNodes,
    openCommands,
    queues,
    queuesDesired,
  } = remains;
  const { lasting, perProgram } = queuesDesired;
  const running = containers.filter((one) => one.running).map(({ name }) => name);
  const stopped = containers.filter((one) => !one.running).map(({ name }) => name);
  const temporary = queues.filter(({ name }) => !lasting.includes(name));
  const snapshots = temporary.filter(({ name }) => snapshotQueue.test(name));
  const others = temporary.filter(
    ({ name }) => !snapshotQueue.test(name) && !perProgram.some(({ kind }) => kind.test(name)),
  );
  const full = queues.filter(({ name, messages }) => emptied.includes(name) && messages > 0);
  const missing = lasting.filter((name) => !queues.some((queue) => queue.name === name));
  return [
    ...unless(running.length === workersDesired, "workers", `${running.length} run: ${running.join(" ")}`),
    ...unless(stopped.length === 0, "orphan containers", stopped.join(" ")),
    ...unless(
      same(workerNodes, running),
      "worker znodes",
      `${workerNodes.join(" ")} for ${running.join(" ")}`,
    ),
    ...unless(same(pidNodes, running), "pid znodes", `${pidNodes.join(" ")} for ${running.join(" ")}`),
    ...unless(drainNodes.length === 0, "orphan drain znodes", drainNodes.join(" ")),
    ...unless(openCommands.length === 0, "unanswered commands", openCommands.join(" ")),
    ...unless(
      snapshots.length === running.length,
      "snapshot queues",
      snapshots.map(({ name }) => name).join(" "),
    ),
    ...perProgram.flatMap(({ kind, count }) => {
      const some = temporary.filter(({ name }) => kind.test(name)).map(({ name }) => name);
      return unless(
        some.length === count,
        `queues like ${kind.source}`,
        `${count} wanted: ${some.join(" ")}`,
      );
    }),
    ...unless(others.length === 0, "orphan queues", others.map(({ name }) => name).join(" ")),
    ...unless(full.length === 0, "queues that are not emptied", full.map(inWords).join(" ")),
    ...unless(missing.length === 0, "missing queues", missing.join(" ")),
  ];
}

const inWords = ({ name, messages }: { readonly name: string; readonly messages: number }): string =>
  `${name} (${messages})`;

const same = (some: readonly string[], others: readonly string[]): boolean =>
  [...some].sort().join() === [...others].sort().join();

const unless = (holds: boolean, what: string, evidence: string): readonly Violation[] =>
  holds ? [] : [{ rule: `left over: ${what}`, evidence: evidence === "" ? "none" : evidence }];
