// PURE: under which names workers are started. A name is a volume: volumes with data come before fresh ones, and as long as no
// master leads, the volumes that may hold what others lack come first.
import { comparePlaces, nowhere } from "../../core/log/place.ts";
import { ordinalOf, workerName } from "../names.ts";
import { type Copy, copiesOf, heldByRunning, mayHoldMoreThan, needsOtherCopies } from "./copies.ts";
import { hostForFresh, type Start, volumesInTurn } from "./placement.ts";
import { isLed, type Observed } from "./workers.ts";

/** How long a container may take to be removed before its name is given up. */
const goingMs = 10_000;

/** Its container is being removed at this moment: the name is worth waiting for. */
const isGoing = (name: string, { workers, wallMs }: Observed): boolean =>
  workers.some(
    (view) => view.name === name && view.phase === "going" && wallMs - view.container.finishedAtMs < goingMs,
  );

/**
 * @param missing how many workers are too few
 * @param mayStart false while a name backs off: it keeps its turn, no other name takes it
 */
export function workersToStart(
  missing: number,
  observed: Observed,
  mayStart: (name: string) => boolean,
): readonly Start[] {
  const taken = takenNames(observed);
  const volumes = volumesByNeed(observed).filter(({ worker }) => !taken.has(worker));
  const held = heldByRunning(copiesOf(observed));
  const needed = needsOtherCopies(observed)
    ? volumes.filter((copy) => copy.lastMaster || copy.witness || mayHoldMoreThan(held, copy))
    : [];
  // Without a master data comes before spread.
  const inTurn = isLed(observed)
    ? volumesInTurn(volumes, missing, observed)
    : volumes.slice(0, Math.max(0, missing));
  const turns = [...new Set([...inTurn, ...needed])];
  const startable = (name: string): boolean => mayStart(name) && !isGoing(name, observed);
  const started: Start[] = turns.filter(({ worker }) => startable(worker));
  if (!isLed(observed) && holdsMoreElsewhere(observed, started)) return started;
  for (const worker of freshNames(missing - turns.length, observed, taken).filter(startable)) {
    const host = hostForFresh(observed, started);
    if (host !== null) started.push({ worker, host });
  }
  return started.map(({ worker, host }) => ({ worker, host }));
}

/** A volume that may hold more than all that run, and that is not about to be started. */
function holdsMoreElsewhere(observed: Observed, started: readonly Start[]): boolean {
  const copies = copiesOf(observed);
  const held = heldByRunning(copies);
  return copies.some(
    (copy) =>
      copy.hasVolume &&
      copy.running === null &&
      !started.some(({ worker }) => worker === copy.worker) &&
      mayHoldMoreThan(held, copy),
  );
}

function takenNames(observed: Observed): ReadonlySet<string> {
  return new Set([
    ...observed.workers
      .filter(({ phase, name }) => phase !== "dead" && !isGoing(name, observed))
      .map(({ name }) => name),
    ...observed.foreign.map(({ worker }) => worker ?? ""),
  ]);
}

/**
 * The last master's first, then its witnesses', then those of which nothing is known, then the fullest. While a master leads, its
 * copy vouches for the data: then the names come first whose containers have just ended.
 */
function volumesByNeed(observed: Observed): readonly (Copy & Start)[] {
  const led = isLed(observed);
  const died = new Set(observed.workers.filter(({ phase }) => phase === "dead").map(({ name }) => name));
  const byDeath = (a: Copy, b: Copy): number => Number(died.has(b.worker)) - Number(died.has(a.worker));
  const byUnknown = (a: Copy, b: Copy): number => Number(b.holds === null) - Number(a.holds === null);
  const byLastMaster = (a: Copy, b: Copy): number => Number(b.lastMaster) - Number(a.lastMaster);
  const byWitness = (a: Copy, b: Copy): number => Number(b.witness) - Number(a.witness);
  const byPlace = (a: Copy, b: Copy): number => comparePlaces(b.holds ?? nowhere, a.holds ?? nowhere);
  const byOrdinal = (a: Copy, b: Copy): number => (ordinalOf(a.worker) ?? 0) - (ordinalOf(b.worker) ?? 0);
  return copiesOf(observed)
    .flatMap((copy) => (copy.host === null ? [] : [{ ...copy, host: copy.host }]))
    .sort((a, b) =>
      led
        ? byDeath(a, b) || byPlace(a, b) || byOrdinal(a, b)
        : byLastMaster(a, b) ||
          byWitness(a, b) ||
          byUnknown(a, b) ||
          byPlace(a, b) ||
          byDeath(a, b) ||
          byOrdinal(a, b),
    );
}

/**
 * The lowest that are free. Never one whose volume is on a host that is away, and without a master never one whose volume is gone
 * and missed: a new one would be taken for it.
 */
function freshNames(count: number, observed: Observed, taken: ReadonlySet<string>): readonly string[] {
  const known = new Set(
    copiesOf(observed)
      .filter(({ hasVolume, away }) => hasVolume || away !== null || !isLed(observed))
      .map(({ worker }) => worker),
  );
  const free: string[] = [];
  for (let ordinal = 1; free.length < count; ordinal++) {
    const name = workerName(ordinal);
    if (!taken.has(name) && !known.has(name)) free.push(name);
  }
  return free;
}
