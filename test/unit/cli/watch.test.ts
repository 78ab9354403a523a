import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CliError, exitCodes } from "../../../cli/exit.ts";
import type { Snapshot } from "../../../cli/view.ts";
import type { Watched } from "../../../cli/wait.ts";
import { following, repeatedly } from "../../../cli/watch.ts";
import { TransientError } from "../../../core/errors.ts";
import type { EventRecord } from "../../../core/state/status.ts";
import { clusterStatus } from "./cluster-status.ts";
import { FakeCluster } from "./fake-cluster.ts";

const event = (atMs: number): EventRecord => ({
  atMs,
  reconcile: "a1b2",
  severity: "info",
  reason: "SlaveReady",
  message: `slave at ${atMs}`,
  worker: null,
});

const snapshot = (readySlaves: number, ...events: readonly EventRecord[]): Snapshot => ({
  status: clusterStatus({ readySlaves }),
  events,
  controlled: true,
});

/** With what was printed of it. A watch goes on for ever: its last view refuses to be seen. */
class Scene extends FakeCluster {
  readonly printed: string[] = [];
  refusal: Error | null = null;
  #seen = (): void => undefined;

  readonly out = {
    isTerminal: false,
    print: async (text: string) => {
      this.printed.push(text);
    },
  };

  protected override onLook(): void {
    if (this.refusal !== null) throw this.refusal;
    setImmediate(() => this.#seen());
  }

  /** Resolves once the watch has seen what is there, and made of it what it makes. */
  async seen(change: () => void = () => undefined): Promise<void> {
    const looked = new Promise<void>((resolve) => {
      this.#seen = resolve;
    });
    change();
    await looked;
  }

  /** What ends a watch at once, whatever it saw before. */
  end(): void {
    this.refusal = new CliError(exitCodes.failed, "over");
    this.wake();
  }
}

const slaves = async (view: Watched): Promise<string> =>
  `${(await view.look()).status.readySlaves} slaves ready`;

const isOver = (error: unknown) => error instanceof CliError && error.message === "over";

describe("repeatedly", () => {
  it("prints again when something changed, and only then", async () => {
    const scene = new Scene(snapshot(1));
    const watching = assert.rejects(repeatedly(scene.open, slaves, scene.out), isOver);
    await scene.seen();
    await scene.seen(() => scene.become(snapshot(1)));
    await scene.seen(() => scene.become(snapshot(2)));
    scene.end();
    await watching;
    assert.deepEqual(scene.printed, ["1 slaves ready\n", "2 slaves ready\n"]);
    assert.equal(scene.closed, scene.opened);
  });

  it("goes on in another session when one ends, and prints nothing twice", async () => {
    const scene = new Scene(snapshot(1));
    const watching = assert.rejects(repeatedly(scene.open, slaves, scene.out), isOver);
    await scene.seen();
    await scene.seen(() => scene.endSession());
    await scene.seen(() => {
      scene.now = snapshot(2);
      scene.endSession();
    });
    scene.end();
    await watching;
    assert.deepEqual(scene.printed, ["1 slaves ready\n", "2 slaves ready\n"]);
    assert.equal(scene.opened, 3);
    assert.equal(scene.closed, scene.opened);
  });

  it("goes on when a look fails because the connection was lost", async () => {
    const scene = new Scene(snapshot(1));
    const watching = assert.rejects(repeatedly(scene.open, slaves, scene.out), isOver);
    await scene.seen();
    scene.refusal = new TransientError("ZooKeeper get /status: connection loss (-4)");
    scene.become(snapshot(2));
    while (scene.closed === 0) await new Promise((resolve) => setImmediate(resolve));
    await scene.seen(() => {
      scene.refusal = null;
    });
    scene.end();
    await watching;
    assert.deepEqual(scene.printed, ["1 slaves ready\n", "2 slaves ready\n"]);
  });

  it("tells at once what it cannot see at the first look", () =>
    assert.rejects(
      repeatedly(
        () => Promise.reject(new CliError(exitCodes.unreachable, "cannot reach ZooKeeper")),
        slaves,
        new Scene(snapshot(1)).out,
      ),
      (error) => error instanceof CliError && error.exitCode === exitCodes.unreachable,
    ));

  it("ends when nothing can be seen for long", async (t) => {
    const scene = new Scene(snapshot(1));
    const watching = repeatedly(scene.open, slaves, scene.out);
    await scene.seen();
    let nowMs = performance.now();
    t.mock.method(performance, "now", () => {
      nowMs += 60_000;
      return nowMs;
    });
    scene.refusal = new CliError(exitCodes.unreachable, "cannot reach ZooKeeper");
    scene.endSession();
    await assert.rejects(
      watching,
      (error) => error instanceof CliError && error.exitCode === exitCodes.unreachable,
    );
  });
});

describe("following", () => {
  it("prints each event once, those included that came between two sessions", async () => {
    const scene = new Scene(snapshot(1, event(1), event(2)));
    const watching = assert.rejects(following(scene.open, scene.out), isOver);
    await scene.seen();
    await scene.seen(() => scene.become(snapshot(1, event(1), event(2), event(3))));
    await scene.seen(() => {
      scene.now = snapshot(1, event(2), event(3), event(4));
      scene.endSession();
    });
    scene.end();
    await watching;
    assert.deepEqual(
      scene.printed.map((line) => /slave at \d/.exec(line)?.[0]),
      ["slave at 1", "slave at 2", "slave at 3", "slave at 4"],
    );
    assert.equal(scene.opened, 2);
  });

  it("prints each event once also when another controller's clock is behind, and an older list prints nothing", async () => {
    const scene = new Scene(snapshot(1, event(5), event(6)));
    const watching = assert.rejects(following(scene.open, scene.out), isOver);
    await scene.seen();
    const later = [event(5), event(6), event(2), event(1)];
    await scene.seen(() => scene.become(snapshot(1, ...later.slice(0, 3))));
    await scene.seen(() => scene.become(snapshot(1, ...later)));
    await scene.seen(() => scene.become(snapshot(1, ...later.slice(0, 3))));
    await scene.seen(() => scene.become(snapshot(1, ...later, event(7))));
    await scene.seen(() => scene.become(snapshot(1, event(3), event(4))));
    scene.end();
    await watching;
    assert.deepEqual(
      scene.printed.map((line) => /slave at (\d)/.exec(line)?.[1]),
      ["5", "6", "2", "1", "7", "3", "4"],
    );
  });
});
