// The whole idea on one screen: observe -> remember -> intend -> plan -> act. Everything between the first and the last
// step is pure. What is found and done is told by cycle.ts.
import { messageOf } from "../../core/errors.ts";
import { completeSpec } from "../../core/manifest/defaults.ts";
import type { ManifestSpec } from "../../core/manifest/manifest.ts";
import { labels, workerName } from "../names.ts";
import type { WorkerContainer } from "../ports.ts";
import { type ActionResult, type ActPorts, carryOut } from "./act.ts";
import { type Intent, intend } from "./intent.ts";
import { askedToLeave, type Memory, remember, started, startFailed } from "./memory.ts";
import { observe } from "./observe.ts";
import { plan } from "./plan.ts";
import type { Moment, Observed } from "./workers.ts";

export interface World extends Omit<ActPorts, "containerFor" | "onStarted" | "onStepDown" | "now"> {
  readonly moment: () => Moment;
  /** The manifest's last good version; null when there was none since the start. */
  readonly spec: () => ManifestSpec | null;
  /** @param image by id, null when it is not known */
  readonly containerFor: (
    spec: ManifestSpec,
    worker: string,
    host: string,
    image: string | null,
  ) => WorkerContainer;
}

export interface Round {
  readonly observed: Observed;
  /** Null as long as no manifest was ever accepted: then nothing is done. */
  readonly intent: Intent | null;
  readonly memory: Memory;
  readonly acted: readonly ActionResult[];
}

/** @throws when the world cannot be observed for certain; what fails in acting stands in the results of the actions */
export async function reconcile(world: World, before: Memory): Promise<Round> {
  const observed = await observe(world.engine, world.registry, world.moment());
  let memory = remember(before, observed);
  // What was accepted before a restart holds until the file says otherwise.
  const spec = world.spec() ?? (observed.spec === null ? null : completeSpec(observed.spec.spec));
  if (spec === null) return { observed, intent: null, memory, acted: [] };

  const containerFor = (worker: string, host: string) =>
    world.containerFor(spec, worker, host, imageOn(host, observed));
  const intent = intend(spec, observed, specHashes(containerFor, observed));
  const actions = plan(intent, observed, memory);
  const now = () => world.moment().nowMs;
  const acted = await carryOut(actions, {
    ...world,
    now,
    containerFor,
    onStarted: (worker, id) => {
      memory = started(memory, worker, id, now());
    },
    onStepDown: ({ id }) => {
      memory = askedToLeave(memory, id);
    },
  });
  for (const { action, error } of acted)
    if (error !== null && action.kind === "startWorker")
      memory = startFailed(memory, action.worker, messageOf(error), now());
  return { observed, intent, memory, acted };
}

const imageOn = (host: string, { hosts }: Observed): string | null =>
  hosts.find(({ name }) => name === host)?.image ?? null;

/** What today's workers are made from, by host. Where the image is not known no worker is taken for outdated. */
const specHashes = (
  containerFor: ActPorts["containerFor"],
  { hosts }: Observed,
): ReadonlyMap<string, string> =>
  new Map(
    hosts
      .filter(({ image }) => image !== null)
      .flatMap(({ name }) => {
        const hash = containerFor(workerName(1), name).labels[labels.spec];
        return hash === undefined ? [] : [[name, hash]];
      }),
  );
