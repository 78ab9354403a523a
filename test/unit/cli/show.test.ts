import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { age } from "../../../cli/ages.ts";
import { describeWorker } from "../../../cli/describe.ts";
import { CliError } from "../../../cli/exit.ts";
import { namesOf, show } from "../../../cli/show.ts";
import { table } from "../../../cli/table.ts";
import type { Snapshot } from "../../../cli/view.ts";
import { noBackups } from "../../../core/rules/backups.ts";

const nowMs = 1_800_000_000_000;

const snapshot: Snapshot = {
  controlled: true,
  events: [
    {
      atMs: nowMs - 5_000,
      reconcile: "7f3a",
      severity: "info",
      reason: "StartWorker",
      message: "starting worker w-2",
      worker: "w-2",
    },
  ],
  status: {
    cluster: "dbaas",
    generation: 3,
    observedGeneration: 3,
    desiredSlaves: 2,
    desiredReason: "21 reads in 2m0s -> 2 slaves",
    readySlaves: 1,
    master: "w-1",
    epoch: 42,
    workers: [
      {
        name: "w-1",
        container: "abc",
        host: "host1",
        pid: 100,
        state: "master",
        epoch: 42,
        position: 9,
        lag: 0,
        lagMs: 0,
        readsServed: 1,
        writesServed: 8,
        sinceMs: nowMs - 60_000,
      },
      {
        name: "w-2",
        container: "def",
        host: "host2",
        pid: 200,
        state: "slave",
        epoch: 42,
        position: 7,
        lag: 2,
        lagMs: 1_800,
        readsServed: 21,
        writesServed: 0,
        sinceMs: nowMs - 7_200_000,
      },
    ],
    window: { reads: 4, startedAtMs: nowMs - 30_000, endsAtMs: nowMs + 90_000 },
    conditions: [
      {
        type: "Ready",
        status: "False",
        reason: "SlavesMissing",
        message: "a master, 1 of 2",
        sinceMs: nowMs - 9_000,
      },
    ],
    copies: [],
    hosts: [],
    backups: null,
    foreign: [],
    failovers: [{ atMs: nowMs - 60_000, from: "w-3", to: "w-1", epoch: 42, gapMs: 131.4 }],
    lastCycle: { id: "7f3a", atMs: nowMs, tookMs: 9 },
  },
};

describe("show", () => {
  it("prints workers as an aligned table", () =>
    assert.equal(
      show("workers", snapshot, "table", nowMs),
      [
        "NAME  STATE   PID  POSITION  LAG  READS  WRITES  AGE",
        "w-1   master  100  9         0    1      8       60s",
        "w-2   slave   200  7         2    21     0       2h",
        "",
      ].join("\n"),
    ));

  it("prints the master alone, or the slaves alone", () => {
    assert.match(show("master", snapshot, "table", nowMs), /^NAME.*\nw-1 .*\n$/);
    assert.match(show("slaves", snapshot, "table", nowMs), /^NAME.*\nw-2 .*\n$/);
  });

  it("prints desired beside observed", () => {
    const text = show("status", snapshot, "table", nowMs);
    assert.match(text, /^Cluster dbaas: not ready, a master, 1 of 2\n/);
    assert.match(text, /slaves\s+2\s+1\s+21 reads in 2m0s -> 2 slaves/);
    assert.match(text, /Scaling window: 4 reads so far, 1m30s left/);
    assert.match(text, /w-3\s+w-1\s+42\s+131ms/);
  });

  it("prints the same value as JSON and as YAML", () => {
    assert.deepEqual(JSON.parse(show("status", snapshot, "json", nowMs)), snapshot.status);
    assert.match(show("workers", snapshot, "yaml", nowMs), /^- name: w-1\n/);
  });

  it("says when nobody keeps the status up to date", () =>
    assert.match(
      show("workers", { ...snapshot, controlled: false }, "table", nowMs),
      /^No controller is acting/,
    ));

  it("says that a restore was begun and has not ended", () =>
    assert.match(
      show("status", { ...snapshot, restoringSinceMs: nowMs - 120_000 }, "table", nowMs),
      /^A backup is being restored, or its restore was broken off \(begun 2m ago\): nobody else is served\.\n\nCluster/,
    ));

  it("lists the scheduled backups, and says why the last try failed", () => {
    const last = { name: "dbaas_b.db", atMs: nowMs - 120_000, position: 7, bytes: 4_096 };
    const failure = { atMs: nowMs - 5_000, reason: "the disk is full" };
    const backups = {
      directory: "/b",
      files: [last],
      lastGood: last,
      failure,
      failures: 1,
      failuresInARow: 1,
    };
    const text = show("backups", { ...snapshot, backups }, "table", nowMs);
    assert.match(text, /^dbaas_b\.db\s+2027-01-15 07:58:00\s+2m\s+7\s+4Ki\s+the last good one$/m);
    assert.match(text, /\n\nThe last try failed 5s ago: the disk is full\n$/);
    assert.equal(show("backups", snapshot, "table", nowMs), "no scheduled backups\n");
    assert.doesNotMatch(text, /HOST/);
  });

  it("says on which host each backup is, where one says its host", () => {
    const last = { name: "b.db", atMs: nowMs - 120_000, position: 7, bytes: 4_096, host: "host-3" };
    const copied = { ...last, host: "host-1" };
    const earlier = { name: "a.db", atMs: nowMs - 240_000, position: 5, bytes: 4_096 };
    const backups = { ...noBackups, directory: "/b", files: [last, copied, earlier], lastGood: last };
    assert.equal(
      show("backups", { ...snapshot, backups }, "table", nowMs),
      [
        "NAME  TAKEN (UTC)          AGE  POSITION  SIZE  HOST    ",
        "b.db  2027-01-15 07:58:00  2m   7         4Ki   host-3  the last good one",
        "b.db  2027-01-15 07:58:00  2m   7         4Ki   host-1",
        "a.db  2027-01-15 07:56:00  4m   5         4Ki   -",
        "",
      ]
        .map((line) => line.trimEnd())
        .join("\n"),
    );
    assert.match(show("backups", { ...snapshot, backups }, "json", nowMs), /"host": "host-3"/);
  });

  it("prints events in their order", () =>
    assert.match(show("events", snapshot, "table", nowMs), /starting worker w-2\n$/));
});

describe("namesOf", () => {
  it("says what Docker calls the workers in a role", () => {
    assert.equal(namesOf("workers", snapshot), "dbaas-w-1\ndbaas-w-2\n");
    assert.equal(namesOf("master", snapshot), "dbaas-w-1\n");
    assert.equal(namesOf("slaves", snapshot), "dbaas-w-2\n");
  });

  it("fails when there is none, so that nothing is done to an empty name", () => {
    const nobody: Snapshot = { ...snapshot, status: { ...snapshot.status, workers: [] } };
    assert.throws(
      () => namesOf("master", nobody),
      (error) => error instanceof CliError && error.exitCode === 4 && error.message === "there is no master",
    );
    assert.throws(
      () => namesOf("events", snapshot),
      (error) => error instanceof CliError && error.exitCode === 2,
    );
  });
});

describe("describeWorker", () => {
  it("tells everything about a worker, with its events", () =>
    assert.match(
      describeWorker("w-2", snapshot, "table", nowMs),
      /Records behind:\s+2[\s\S]*starting worker w-2/,
    ));

  it("names the workers there are when there is no such one", () =>
    assert.throws(
      () => describeWorker("w-9", snapshot, "table", nowMs),
      (error) => error instanceof CliError && error.exitCode === 4 && error.message.includes("w-1, w-2"),
    ));
});

describe("table", () => {
  it("lets no control character of data reach the terminal", () =>
    assert.equal(table(["a"], [["\u001b[31mred\n"]]), "a\n\\u001b[31mred\\n\n"));
});

describe("age", () => {
  it("takes the largest fitting unit", () =>
    assert.deepEqual(
      [5_000, 119_000, 180_000, 7_200_000, 200_000_000].map((ms) => age(nowMs - ms, nowMs)),
      ["5s", "119s", "3m", "2h", "2d"],
    ));
});
