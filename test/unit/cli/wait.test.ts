import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CliError, exitCodes } from "../../../cli/exit.ts";
import { expectationIn } from "../../../cli/expectations.ts";
import type { Snapshot } from "../../../cli/view.ts";
import { waitFor } from "../../../cli/wait.ts";
import { clusterStatus, condition } from "./cluster-status.ts";
import { FakeCluster } from "./fake-cluster.ts";

const snapshot = (ready: boolean, controlled = true, cycle = "a"): Snapshot => ({
  status: clusterStatus({
    conditions: [condition("Ready", ready ? "True" : "False", ready ? "all" : "no master")],
  }),
  events: [],
  controlled,
  cycle,
});

class FakeView extends FakeCluster {
  looks = 0;

  protected override onLook(): void {
    this.looks += 1;
  }

  /** @returns once it was looked at as it is now, and what followed from that has happened */
  async lookedAt(now: Snapshot): Promise<void> {
    const before = this.looks;
    this.become(now);
    while (this.looks === before) await nextTurn();
    await nextTurn();
  }
}

const ready = [expectationIn("Ready")];
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** A wait that has looked once, and what it has returned by now. */
async function begun(cluster: FakeView) {
  const told: string[] = [];
  const waiting = waitFor(cluster.open, ready, 60_000).then((text) => {
    told.push(text);
    return text;
  });
  while (cluster.looks === 0) await nextTurn();
  await nextTurn();
  return { waiting, told };
}

const failsWith = (exitCode: number, pattern: RegExp) => (error: unknown) =>
  error instanceof CliError && error.exitCode === exitCode && pattern.test(error.message);

describe("waitFor", () => {
  it("returns at once when what did not hold begins to hold", async () => {
    const cluster = new FakeView(snapshot(false));
    const waiting = waitFor(cluster.open, ready, 60_000);
    while (cluster.looks === 0) await nextTurn();
    cluster.become(snapshot(true));
    assert.equal(await waiting, "Ready is True: all\n");
    assert.equal(cluster.closed, cluster.opened);
  });

  it("believes what held already once a cycle has told it that began after the first look", async () => {
    const cluster = new FakeView(snapshot(true));
    const { waiting, told } = await begun(cluster);
    for (const cycle of ["a", "a", "b", "b"]) {
      await cluster.lookedAt(snapshot(true, true, cycle));
      assert.deepEqual(told, [], `cycle ${cycle} may have looked before the wait began`);
    }
    cluster.become(snapshot(true, true, "c"));
    assert.equal(await waiting, "Ready is True: all\n");
  });

  it("does not return for what held already when the cycle that began after the first look finds it otherwise", async () => {
    const cluster = new FakeView(snapshot(true));
    const { waiting, told } = await begun(cluster);
    await cluster.lookedAt(snapshot(true, true, "b"));
    for (const cycle of ["c", "d", "e"]) await cluster.lookedAt(snapshot(false, true, cycle));
    assert.deepEqual(told, []);
    cluster.become(snapshot(true, true, "f"));
    assert.equal(await waiting, "Ready is True: all\n");
  });

  it("says of what held already that the controller has told of no further cycle, when the time is over", () =>
    assert.rejects(
      waitFor(new FakeView(snapshot(true)).open, ready, 50),
      failsWith(
        exitCodes.failed,
        /^not within 50ms: Ready is True: all; but the controller has told of no further cycle since \(one of an earlier version /,
      ),
    ));

  it("says of what held already that no cycle began since, when one has ended that may have begun before", async (t) => {
    const cluster = new FakeView(snapshot(true));
    const { waiting } = await begun(cluster);
    const failing = assert.rejects(
      waiting,
      failsWith(exitCodes.failed, /: Ready is True: all; but the controller has not looked again since$/),
    );
    await cluster.lookedAt(snapshot(true, true, "b"));
    const laterMs = performance.now() + 60_000;
    t.mock.method(performance, "now", () => laterMs);
    cluster.become(snapshot(true, true, "b"));
    await failing;
  });

  it("does not take the coming of a controller for a change of what the last one has told", async () => {
    const cluster = new FakeView(snapshot(true, false));
    const { waiting, told } = await begun(cluster);
    await cluster.lookedAt(snapshot(true, false));
    for (const cycle of ["a", "b"]) await cluster.lookedAt(snapshot(true, true, cycle));
    assert.deepEqual(told, []);
    cluster.become(snapshot(true, true, "c"));
    assert.equal(await waiting, "Ready is True: all\n");
  });

  it("fails when the time is over, and says how things stand", async () => {
    const cluster = new FakeView(snapshot(false));
    await assert.rejects(
      waitFor(cluster.open, ready, 50),
      failsWith(exitCodes.failed, /^not within 50ms: Ready is False: no master$/),
    );
    assert.equal(cluster.closed, cluster.opened);
  });

  it("wants everything to hold together", () =>
    assert.rejects(
      waitFor(new FakeView(snapshot(true)).open, [...ready, expectationIn("readySlaves=9")], 50),
      failsWith(exitCodes.failed, /readySlaves is 2/),
    ));

  it("does not believe a status that no controller keeps up to date", () =>
    assert.rejects(
      waitFor(new FakeView(snapshot(true, false)).open, ready, 50),
      failsWith(exitCodes.failed, /no controller is acting/),
    ));

  it("goes on in another session when one ends", async () => {
    const cluster = new FakeView(snapshot(false));
    const waiting = waitFor(cluster.open, ready, 60_000);
    while (cluster.looks === 0) await nextTurn();
    cluster.now = snapshot(true);
    cluster.endSession();
    assert.equal(await waiting, "Ready is True: all\n");
    assert.equal(cluster.opened, 2);
  });

  it("says that ZooKeeper cannot be reached when that lasts", () =>
    assert.rejects(
      waitFor(() => Promise.reject(new CliError(exitCodes.unreachable, "cannot reach ZooKeeper")), ready, 50),
      failsWith(exitCodes.unreachable, /not within 50ms: cannot reach ZooKeeper/),
    ));
});
