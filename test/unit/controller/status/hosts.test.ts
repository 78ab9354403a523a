// What is told of several hosts: which is away, what each leads, and what its loss would cost.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HostLead, HostSeen, RegistryView } from "../../../../controller/ports.ts";
import { emptyMemory } from "../../../../controller/reconcile/memory.ts";
import { hostsStatus } from "../../../../controller/status/loss.ts";
import { report } from "../../../../controller/status/report.ts";
import { statusOf } from "../../../../controller/status/status.ts";
import type { ClusterStatus, ConditionType, HostPart } from "../../../../core/state/status.ts";
import { intent, master, nowMs, observed, onlyHost, slave, type WorkerIs } from "../makers.ts";

const sinceMs = nowMs - 7_000;

const host = (number: number, leads: readonly HostLead[] = [], reachable = true) => ({
  ...onlyHost,
  name: `host${number}`,
  number,
  leads,
  reachable,
  sinceMs: reachable ? 0 : sinceMs,
});

const on = (number: number, worker: WorkerIs): WorkerIs => ({ ...worker, host: `host${number}` });
const spread = [on(1, master("w-1", 1)), on(2, slave("w-2", 2))];
const without = (part: HostPart, number: number) => ({ ...host(number), partsAway: [part] });
const { log } = observed(spread, { hosts: [host(1), host(2), host(3)] });
assert.ok(log);
const witnessed = { log: { ...log, witnesses: ["w-2"] } };
const costs = (
  workers: readonly WorkerIs[],
  hosts: readonly HostSeen[],
  changes: Partial<RegistryView> = witnessed,
): readonly string[] =>
  hostsStatus(observed(workers, { hosts, ...changes })).map(({ lossWouldCost }) => lossWouldCost);

describe("the loss of a host", () => {
  it("costs writes for some seconds where the master, the log or ZooKeeper is led, and else redundancy", () => {
    const [first, second, third] = costs(spread, [host(1, ["stream"]), host(2), host(3)]);
    assert.equal(
      first,
      "writes for some seconds: a slave takes over from the master, another broker leads the log",
    );
    assert.match(second ?? "", /^no more than a slave/);
    assert.equal(third, "no more than redundancy");
  });

  it("costs reads and writes where all copies are", () => {
    const [first] = costs([on(1, master("w-1", 1)), on(1, slave("w-2", 2))], [host(1), host(2), host(3)]);
    assert.match(first ?? "", /^reads and writes until another host has a complete copy/);
  });

  it("costs the service once another is away", () => {
    const [first, second, third] = costs(spread, [host(1), host(2), host(3, [], false)]);
    assert.match(first ?? "", /^the service until it is back: 2 of 3 hosts are reachable, and 2 are needed$/);
    assert.equal(first, second);
    assert.equal(third, "");
  });

  for (const [part, words] of [
    ["broker", "broker"],
    ["zookeeper", "ZooKeeper server"],
  ] as const)
    it(`costs the service where the ${words} of another takes no part, and no more than before on that one`, () => {
      const [first, second, third] = costs(spread, [host(1), host(2), without(part, 3)]);
      const stops = `the service until it is back: the ${words} of host3 takes no part, and 2 of 3 are needed`;
      assert.deepEqual([first, second, third], [stops, stops, "no more than redundancy"]);
    });

  it("may cost the service where the master alone has what was answered on its disk", () => {
    const [first, second] = costs(spread, [host(1), host(2), host(3)], {});
    assert.match(
      first ?? "",
      /^writes for some seconds, or the service until it is back: no worker on another host/,
    );
    assert.match(second ?? "", /^no more than a slave/);
  });

  it("costs the service where there is no other", () =>
    assert.deepEqual(costs([on(1, master("w-1", 1))], [host(1)]), ["the service: there is no other host"]));
});

describe("the status", () => {
  const told = (
    workers: readonly WorkerIs[],
    hosts: readonly HostSeen[],
    before: ClusterStatus | null = null,
    changes: Partial<RegistryView> = {},
  ): ClusterStatus => {
    const away = new Set(hosts.filter(({ reachable }) => !reachable).map(({ name }) => name));
    const seen = observed(workers, { hosts });
    // Their sessions have ended as well.
    const { nodes } = observed(workers.filter((worker) => !away.has(worker.host ?? "")));
    const ours = seen.workers.map(({ container }) =>
      away.has(container.host) ? { ...container, state: "unknown" as const } : container,
    );
    const facts = {
      cluster: "c",
      observed: observed(workers, { hosts, ours, nodes, ...changes }),
      intent: intent(1),
      before: emptyMemory,
      memory: emptyMemory,
      manifestProblem: null,
      manifestWaiting: null,
      errors: [],
      cycle: { id: "c0de", atMs: nowMs, tookMs: 1 },
    };
    return statusOf(facts, before);
  };
  const condition = ({ conditions }: ClusterStatus, type: ConditionType): string => {
    const found = conditions.find((one) => one.type === type);
    return found === undefined ? "none" : `${found.status} ${found.reason}`;
  };

  it("says nothing of redundancy where there is one host", () => {
    const status = told(
      spread.map((worker) => ({ ...worker, host: "host1" })),
      [host(1)],
    );
    assert.deepEqual([condition(status, "HostsAvailable"), condition(status, "Redundant")], ["none", "none"]);
  });

  it("is redundant while every host may be lost", () => {
    const hosts = [host(1), host(2), host(3)];
    assert.equal(condition(told(spread, hosts, null, witnessed), "Redundant"), "True Spread");
    assert.equal(condition(told(spread, hosts), "HostsAvailable"), "True AllReachable");
    const one = spread.map((worker) => ({ ...worker, host: "host1" }));
    assert.equal(condition(told(one, hosts), "Redundant"), "False OneHost");
    assert.equal(condition(told(spread.slice(0, 1), hosts), "Redundant"), "False OneCopy");
  });

  it("is not redundant while the master alone has what was answered on its disk", () => {
    const hosts = [host(1), host(2), host(3)];
    assert.equal(condition(told(spread, hosts), "Redundant"), "False NoWitness");
  });

  it("is not redundant while a broker or a ZooKeeper server takes no part, and says whose", () => {
    const both = { ...host(2), partsAway: ["broker", "zookeeper"] as const };
    const status = told(spread, [host(1), both, host(3)], null, witnessed);
    assert.equal(condition(status, "HostsAvailable"), "False PartAway");
    assert.equal(condition(status, "Redundant"), "False NoMajority");
    const messages = status.conditions.map(({ message }) => message);
    assert.ok(
      messages.includes("the broker and the ZooKeeper server of host2 take no part"),
      messages.join("\n"),
    );
    assert.deepEqual(
      status.hosts.map(({ partsAway }) => partsAway),
      [[], ["broker", "zookeeper"], []],
    );
  });

  it("names a host that is away, since when, and its workers, once", () => {
    const hosts = [host(1), host(2, [], false), host(3)];
    const before = told(spread, [host(1), host(2), host(3)]);
    const after = told(spread, hosts, before);
    assert.equal(condition(after, "HostsAvailable"), "False HostAway");
    assert.equal(condition(after, "Redundant"), "False NoMajority");
    const story = { reconcile: "c0de", atMs: nowMs, desired: null, acted: [] };
    const words = `host2 is away since ${new Date(sinceMs).toISOString()}: unknown are w-2`;
    assert.ok(report({ ...story, before, after }).sentences.includes(words));
    assert.ok(!report({ ...story, before: after, after }).sentences.includes(words));
    assert.ok(report({ ...story, before: after, after: before }).sentences.includes("host2 is back"));
  });
});
