// The simulation in a thread of its own: the test runner looks at every promise that its thread makes and drops, the simulation
// makes millions, and would take twice the time.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Edit } from "./mutants.ts";

type Simulation = typeof import("./explore.ts");

/** Of the product with a mistake in it. */
export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
}

/** To the thread: what it is to call, and with what. */
export interface Call {
  readonly called: keyof Simulation;
  readonly given: readonly unknown[];
}

/** Most of what it makes is soon gone: with more room for the new it is gone before it is looked for. */
const resourceLimits = { maxYoungGenerationSizeMb: 64 };

export class SimulationThread {
  readonly #thread: Worker;

  constructor(mutant?: Mutant) {
    this.#thread = new Worker(new URL("./run-thread.ts", import.meta.url), {
      workerData: mutant && { name: mutant.name, edits: mutant.edits },
      resourceLimits,
    });
  }

  /** One call after the other. */
  async call<Name extends keyof Simulation>(
    called: Name,
    ...given: Parameters<Simulation[Name]>
  ): Promise<Awaited<ReturnType<Simulation[Name]>>> {
    const ended = new Error(`the thread of the simulation ended without an answer to ${called}`);
    // It has no number any more.
    if (this.#thread.threadId === -1) throw ended;
    const over = new AbortController();
    const answer = once(this.#thread, "message", over);
    // An error of the thread rejects both; a thread that ends without one says this alone.
    const exit = once(this.#thread, "exit", over).then(() => Promise.reject(ended));
    this.#thread.postMessage({ called, given } satisfies Call);
    try {
      return (await Promise.race([answer, exit]))[0];
    } finally {
      over.abort();
    }
  }

  async end(): Promise<void> {
    await this.#thread.terminate();
  }
}
