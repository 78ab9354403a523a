// Watches the cluster from outside, all the time, and tells what it does: who became master, who serves, who is gone. It
// also knows when the cluster was complete again, which is how long a replacement took.
import { setTimeout as sleep } from "node:timers/promises";
import type { Timeline } from "../report/timeline.ts";
import type { World } from "../world.ts";
import { type SeenCluster, seenBy } from "./zookeeper.ts";

const everyMs = 60;
const againMs = 500;

export class Observer {
  readonly #timeline: Timeline;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #told = new Map<string, string>();
  #master = "";
  /** Changes between complete and not, in order. */
  readonly #changes: { readonly atMs: number; readonly complete: boolean }[] = [];
  readonly #zooKeeper: World["zooKeeper"];
  #workersDesired: number;

  constructor(
    timeline: Timeline,
    { workersDesired, zooKeeper }: Pick<World, "workersDesired" | "zooKeeper">,
  ) {
    this.#timeline = timeline;
    this.#zooKeeper = zooKeeper;
    this.#workersDesired = workersDesired;
    this.#running = this.#observe();
  }

  set workersDesired(count: number) {
    this.#workersDesired = count;
  }

  /** How many different masters and epochs were seen. */
  readonly masters = new Set<string>();

  /** When the cluster was complete again after having been incomplete at or after this moment. */
  completeAgain(afterMs: number): number | null {
    const broken = this.#changes.find(({ atMs, complete }) => atMs >= afterMs && !complete);
    if (broken === undefined) return null;
    return this.#changes.find(({ atMs, complete }) => atMs > broken.atMs && complete)?.atMs ?? null;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #observe(): Promise<void> {
    while (!this.#stop.signal.aborted)
      try {
        this.#compare(await seenBy(await this.#zooKeeper()));
        await sleep(everyMs);
      } catch {
        await sleep(againMs);
      }
  }

  #compare({ master, workers }: SeenCluster): void {
    const mastership =
      master === null ? "nobody" : `${master.name} (${master.container}, epoch ${master.epoch})`;
    if (mastership !== this.#master) this.#timeline.tell(`     master: ${mastership}`);
    this.#master = mastership;
    if (master !== null) this.masters.add(mastership);
    const now = new Map(workers.map(({ name, container, state }) => [`${name} (${container})`, state]));
    for (const [who, state] of now)
      if (state !== "master" && this.#told.get(who) !== state) this.#timeline.tell(`     ${who}: ${state}`);
    for (const who of this.#told.keys()) if (!now.has(who)) this.#timeline.tell(`     ${who}: gone`);
    this.#told.clear();
    for (const [who, state] of now) this.#told.set(who, state);
    const serving = workers.filter(({ state }) => state === "slave").length;
    const complete = master !== null && serving >= this.#workersDesired - 1;
    if (this.#changes.at(-1)?.complete !== complete)
      this.#changes.push({ atMs: this.#timeline.nowMs(), complete });
  }
}
