// The whole idea on one screen: observe -> remember -> intend -> plan -> act. Everything between the first and the last
// step is pure. What is found and done is told by cycle.ts.
import { messageOf } from "../protocol/errors.ts";
import type { ManifestSpec } from "../protocol/manifest.ts";
import { carryOut, type Deed, type Hands } from "./act.ts";
import { type Intent, intend } from "./intent.ts";
import { type Memory, remember, started, startFailed } from "./memory.ts";
import { observe } from "./observe.ts";
import { plan } from "./plan.ts";
import type { WorkerContainer } from "./ports.ts";
import type { Moment, Observed } from "./workers.ts";

export interface World extends Omit<Hands, "containerFor" | "onStarted" | "now"> {
  readonly moment: () => Moment;
  /** The manifest's last good version; null when there was none since the start. */
  readonly spec: () => ManifestSpec | null;
  readonly containerFor: (spec: ManifestSpec, worker: string) => WorkerContainer;
}

export interface Round {
  readonly observed: Observed;
  /** Null as long as no manifest was ever accepted: then nothing is done. */
  readonly intent: Intent | null;
  readonly memory: Memory;
  readonly deeds: readonly Deed[];
}

/** @throws when the world cannot be observed for certain; what fails in acting stands in the deeds */
export async function reconcile(world: World, before: Memory): Promise<Round> {
  const observed = await observe(world.engine, world.registry, world.moment());
  let memory = remember(before, observed);
  // What was accepted before a restart holds until the file says otherwise.
  const spec = world.spec() ?? observed.spec?.spec ?? null;
  if (spec === null) return { observed, intent: null, memory, deeds: [] };

  const intent = intend(spec, observed);
  const actions = plan(intent, observed, memory);
  const now = () => world.moment().nowMs;
  const deeds = await carryOut(actions, {
    ...world,
    now,
    containerFor: (worker) => world.containerFor(spec, worker),
    onStarted: (worker, id) => {
      memory = started(memory, worker, id, now());
    },
  });
  for (const { action, error } of deeds)
    if (error !== null && action.kind === "startWorker")
      memory = startFailed(memory, action.worker, messageOf(error), now());
  return { observed, intent, memory, deeds };
}
