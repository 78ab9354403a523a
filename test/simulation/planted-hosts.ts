// Mistakes about several hosts that the simulation must notice, beside those of planted.ts.
import type { Edit, Planted } from "./mutants.ts";

/** Where another host's disk has what was acknowledged, the brokers may lose it. */
const withoutWitnesses = {
  file: "core/rules/witnesses.ts",
  find: "listed.length === 0",
  put: "listed.length >= 0",
};

/** Their brokers take long to copy what they missed. */
const longBehind: readonly Edit[] = [
  {
    file: "test/fakes/replication.ts",
    find: "const behind = { share: 0.3, mostMs: 3_000 } as const;",
    put: "const behind = { share: 1, mostMs: 40_000 } as const;",
  },
];

export const ofHosts: readonly Planted[] = [
  {
    name: "one-replica",
    title: "a record that counts as confirmed when one broker has it, and is on no other host's disk",
    seed: 46,
    courses: "any",
    edits: [
      {
        file: "test/fakes/memory-replicas.ts",
        find: "lengths[Math.floor(lengths.length / 2)] ?? 0",
        put: "lengths[0] ?? 0",
      },
      withoutWitnesses,
    ],
  },
  {
    name: "one-id",
    title: "a log that counts as whole while one of the brokers has forgotten nothing",
    seed: 946,
    courses: "any",
    edits: [
      {
        file: "core/rules/broker-memory.ts",
        find: "return isMajority(kept.length, before.length);",
        put: "return kept.length > 0;",
      },
    ],
  },
  {
    name: "unproven-id",
    title: "a master that notes a broker's new memory id before that has what the others have",
    seed: 14,
    courses: "withBrokersInTurn",
    edits: [
      {
        file: "core/rules/broker-memory.ts",
        find: "const proven = toBeProven(noted, now).filter(isProven);",
        put: "const proven = toBeProven(noted, now);",
      },
    ],
    scale: longBehind,
  },
  {
    name: "unproven-vote",
    title: "a vote on the log that counts in brokers which lack what the voter's copy shows to be there",
    seed: 1,
    courses: "withBrokersInTurn",
    edits: [
      {
        file: "worker/lead/standing.ts",
        find: "if (broker !== memory) return broker;",
        put: "return broker;",
      },
    ],
    scale: longBehind,
  },
  {
    name: "vote-beside-master",
    title: "a vote on the log beside a master that has not proven what the brokers have",
    seed: 147,
    courses: "withBrokersInTurn",
    edits: [
      {
        file: "core/rules/trust.ts",
        find: "seen.hasMaster && isOfSeveral(seen.memory)",
        put: "false",
      },
    ],
    scale: longBehind,
  },
  {
    name: "away-is-dead",
    title: "a controller that takes the workers of a host that is away for dead, and their volumes for gone",
    seed: 10,
    courses: "any",
    edits: [
      {
        file: "controller/reconcile/workers.ts",
        find: 'if (view !== undefined) return view.phase !== "unknown" && !isRunning(view);',
        put: "if (view !== undefined) return !isRunning(view);",
      },
      {
        file: "controller/reconcile/hosts.ts",
        find: "return hosts.find(({ name, reachable }) => name === host && !reachable) ?? null;",
        put: "return null;",
      },
    ],
  },
  {
    name: "names-taken",
    title: "a controller that gives a name away whose volume is on a host that is away",
    seed: 18,
    courses: "any",
    edits: [
      {
        file: "controller/reconcile/starts.ts",
        find: 'phase !== "dead" && !isGoing(name, observed)',
        put: 'phase !== "dead" && phase !== "unknown" && !isGoing(name, observed)',
      },
      {
        file: "controller/reconcile/starts.ts",
        find: "hasVolume || away !== null || !isLed(observed)",
        put: "hasVolume || !isLed(observed)",
      },
    ],
  },
  {
    name: "forgotten-copies",
    title: "a controller that forgets the copies of a host that is away",
    seed: 10,
    courses: "any",
    edits: [
      {
        file: "controller/reconcile/copies.ts",
        find: "awayHostOf(worker, observed) !== null ||",
        put: "",
      },
    ],
  },
  {
    name: "one-host-for-all",
    title: "a controller that starts all workers on one host while others could have some",
    seed: 8,
    courses: "any",
    edits: [
      {
        file: "controller/reconcile/placement.ts",
        find: ".sort(byLoad);",
        put: ".slice(0, 1);",
      },
    ],
  },
  {
    name: "never-home",
    title: "programs that stay with the broker of another host when that of their own is there again",
    seed: 1,
    courses: "any",
    edits: [
      {
        file: "platform/rabbitmq/homeward.ts",
        find: "if (awayFrom === undefined) {",
        put: "if (awayFrom === undefined || awayFrom >= 0) {",
      },
    ],
  },
  {
    name: "no-witness",
    title: "a master that answers before another host's disk has what it wrote",
    seed: 695,
    courses: "any",
    edits: [withoutWitnesses],
  },
  {
    name: "master-alone",
    title: "workers that wait for the last master although all its witnesses are there",
    seed: 494,
    courses: "any",
    edits: [
      {
        file: "core/rules/trust.ts",
        find: "return areThere || holdsAll",
        put: "return holdsAll",
      },
    ],
  },
];
