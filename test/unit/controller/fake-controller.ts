// A controller over a fake world, cycle after cycle; it goes on where its predecessor died.
import assert from "node:assert/strict";
import { emptyMemory, type Memory } from "../../../controller/reconcile/memory.ts";
import { type Round, reconcile } from "../../../controller/reconcile/reconcile.ts";
import type { FakeWorld } from "./fake-world.ts";

/** Longer than every patience of the controller, at 2.5 s a round. */
const settleRoundsMax = 250;

export class Controller {
  memory: Memory = emptyMemory;
  readonly #world: FakeWorld;

  constructor(world: FakeWorld) {
    this.#world = world;
  }

  async cycle(): Promise<Round> {
    const round = await reconcile(this.#world.controller(), this.memory);
    this.memory = this.#world.died ? emptyMemory : round.memory;
    return round;
  }

  /** Cycles, with the workers doing their part in between, until nothing is left to do. */
  async settle(): Promise<void> {
    let quiet = 0;
    for (let i = 0; i < settleRoundsMax; i++) {
      this.#world.nowMs += 2_500;
      const { acted } = await this.cycle();
      this.#world.workersTurn();
      quiet = acted.length === 0 && this.#allThere() ? quiet + 1 : 0;
      if (quiet === 3) return;
    }
    assert.fail("does not settle");
  }

  #allThere(): boolean {
    const { running, master, nodes, engine } = this.#world;
    const inSight = running.filter(({ seen }) => !engine.isAway(seen.host));
    return master !== null && inSight.every(({ seen }) => nodes.get(seen.worker)?.container === seen.shortId);
  }
}

export const pidsFrom = (seed: number) => {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return 1 + (state % 30_000);
  };
};
