// PURE: whether all acknowledged data is there. Workers that cannot lead without another worker's copy say that they wait; here it
// is found which copies these are, and whether they are on their way or missing. Only what is missing needs an operator.

import { comparePlaces, fullest, holdsAll, nowhere, placeInWords } from "../../core/log/place.ts";
import { formatDuration } from "../../core/manifest/quantities.ts";
import { missingWitnesses } from "../../core/rules/trust.ts";
import type { Place } from "../../core/state/znodes.ts";
import { type Copy, copiesOf, heldByRunning, mayHoldMoreThan } from "./copies.ts";
import { awayInWords } from "./hosts.ts";
import type { Memory } from "./memory.ts";
import { isLed, type Observed } from "./workers.ts";

export type DataFinding =
  /** A master leads: its copy holds all. */
  | { readonly kind: "complete" }
  /** No master leads, and no worker says that it waits for a copy. */
  | { readonly kind: "open" }
  | { readonly kind: "coming"; readonly message: string }
  | { readonly kind: "missing"; readonly reason: MissingReason; readonly message: string };

export type MissingReason =
  | "HostAway"
  | "VolumeGone"
  | "VolumeForeign"
  | "WorkerFails"
  | "Paused"
  | "CopyIncomplete"
  | "CopyReplaced";

export interface DataRules {
  readonly paused: boolean;
  /** A worker that has not moved for so long is not on its way any more. */
  readonly readyWithinMs: number;
}

interface Needed {
  readonly copy: Copy;
  /** Null while it is on its way. */
  readonly missing: MissingReason | null;
  readonly words: string;
}

/** Its worker has opened the file: what it says of its place is true. */
const isHeard = ({ running }: Copy): boolean =>
  running?.node?.waiting !== undefined || running?.node?.eligible === true;

export function dataFinding(observed: Observed, memory: Memory, rules: DataRules): DataFinding {
  if (isLed(observed)) return { kind: "complete" };
  const copies = copiesOf(observed);
  if (!copies.some(({ running }) => running?.node?.waiting !== undefined)) return { kind: "open" };
  const ways = waysOn(observed, copies).map((needed) =>
    needed.map((copy) => judged(copy, observed, memory, rules)),
  );
  const needed = ways.find((way) => way.every((one) => one.missing === null));
  const held = heldInWords(copies);
  if (needed !== undefined || ways.length === 0) {
    const coming = needed?.map(({ copy, words }) => `${copy.worker} ${words}`).join("; ") ?? "";
    return coming === "" ? { kind: "open" } : { kind: "coming", message: `${coming}. ${held}` };
  }
  const missing = ways.map((way) => way.filter((one) => one.missing !== null));
  const what = missing.map((way) => way.map((one) => inWords(one, observed)).join("; ")).join("; or ");
  const reason = missing[0]?.[0]?.missing ?? "CopyIncomplete";
  return { kind: "missing", reason, message: `${what}. ${held}. ${wayOut(missing.flat())}` };
}

function wayOut(missing: readonly Needed[]): string {
  const goOn = "the fullest copy that is left go on without it: ./dbaas accept-loss";
  return missing.every(({ copy }) => copy.replaced) ? `Let ${goOn}` : `Bring it back, or let ${goOn}`;
}

/**
 * The last master's copy, or those of its witnesses; when it is not known who led last, each that may hold more than those that
 * are heard.
 * @returns the copies that are not there and would do, all of one list together; the best list first
 */
function waysOn({ log }: Observed, copies: readonly Copy[]): readonly (readonly Copy[])[] {
  const last = copies.find(({ lastMaster }) => lastMaster);
  if (log !== null && last !== undefined) {
    const there = copies
      .filter(isHeard)
      .map(({ worker, holds, copyId }) => ({ name: worker, copyId, place: holds ?? nowhere }));
    const [master, ...witnesses] = missingWitnesses(log, there);
    if (master === undefined) return [];
    return witnesses.length === 0
      ? [[last]]
      : [[last], copies.filter(({ worker }) => witnesses.includes(worker))];
  }
  const heard = fullest(copies.filter(isHeard).map(({ holds }) => holds ?? nowhere));
  return [copies.filter((copy) => !isHeard(copy) && mayHoldMoreThan(heard, copy))];
}

function judged(copy: Copy, { foreign, nowMs }: Observed, memory: Memory, rules: DataRules): Needed {
  const { worker, running, hasVolume } = copy;
  const found = (missing: MissingReason | null, words: string): Needed => ({ copy, missing, words });
  if (copy.replaced) return found("CopyReplaced", "began a new one");
  const stranger = foreign.find((one) => one.worker === worker);
  if (stranger !== undefined)
    return found("VolumeForeign", `cannot start beside ${stranger.name}: ${stranger.reason}`);
  if (copy.away !== null) return found("HostAway", `is on ${awayInWords(copy.away)}`);
  if (!hasVolume) return found("VolumeGone", "has lost its volume");
  if (isHeard(copy)) return found("CopyIncomplete", "holds less than that now");
  const failure = memory.failures.get(worker);
  if (failure !== undefined && running?.node == null)
    return found("WorkerFails", `fails to start (${failure.reason})`);
  if (running === null)
    return rules.paused
      ? found("Paused", "does not run, and the manifest pauses the controller")
      : found(null, "is about to start");
  const movedAtMs = memory.containers.get(running.container.id)?.movedAtMs ?? nowMs;
  return nowMs - movedAtMs >= rules.readyWithinMs
    ? found("WorkerFails", `runs, and has not opened its copy within ${formatDuration(rules.readyWithinMs)}`)
    : found(null, "is opening its copy");
}

function inWords({ copy, words }: Needed, { log }: Observed): string {
  const { worker, holds, lastMaster, replaced } = copy;
  if (lastMaster && log !== null && replaced)
    return `the copy that ${worker} had when it led, which held every acknowledged write (at least ${placeInWords(log)}), is gone; ${worker} ${words}`;
  if (replaced) return `the copy that ${worker} had as a witness is gone; ${worker} ${words}`;
  if (lastMaster && log !== null)
    return `${worker}, whose copy holds every acknowledged write (at least ${placeInWords(log)}), ${words}`;
  const what =
    holds === null ? "of which it is not known what it holds" : `which holds ${placeInWords(holds)}`;
  return `${worker}, ${what}, ${words}`;
}

function heldInWords(copies: readonly Copy[]): string {
  const running = copies.filter(({ running: worker, holds }) => worker !== null && holds !== null);
  if (running.length === 0) return "No other copy is open";
  const held = [...running]
    .sort((a, b) => comparePlaces(b.holds ?? nowhere, a.holds ?? nowhere))
    .map(({ worker, holds }) => `${worker} ${placeInWords(holds ?? nowhere)}`);
  return `Open are: ${held.join("; ")}`;
}

/** What an accepted loss goes on from, or why it is refused. */
export type Acceptance =
  | { readonly copy: Copy; readonly place: Place; readonly lost: string }
  | { readonly refused: string };

/** @param name the copy that was asked for; undefined for the fullest that is open */
export function acceptance(observed: Observed, finding: DataFinding, name: string | undefined): Acceptance {
  if (finding.kind !== "missing") return { refused: `no copy is missing: ${findingInWords(finding)}` };
  const copies = copiesOf(observed);
  const open = copies.filter((copy) => isHeard(copy) && copy.holds !== null);
  const held = heldByRunning(open);
  const fullestOpen = open.find(({ holds }) => holds !== null && holdsAll(holds, held));
  const copy = name === undefined ? fullestOpen : open.find(({ worker }) => worker === name);
  if (copy === undefined || copy.holds === null)
    return { refused: name === undefined ? "no copy is open" : `the copy of ${name} is not open` };
  if (!holdsAll(copy.holds, held))
    return {
      refused: `${fullestOpen?.worker} is open and holds more (${placeInWords(held)}) than ${copy.worker} (${placeInWords(copy.holds)})`,
    };
  return {
    copy,
    place: copy.holds,
    lost: lostInWords(copy.holds, observed.log),
  };
}

/** The last master notes its place from time to time: it may have acknowledged more than it noted. */
const lostInWords = (place: Place, log: Place | null): string =>
  log === null || holdsAll(place, log)
    ? "what only a missing copy holds, and it is not known how much that is"
    : `what was acknowledged after ${placeInWords(place)}, up to at least ${placeInWords(log)}`;

export function findingInWords(finding: DataFinding): string {
  switch (finding.kind) {
    case "complete":
      return "a master leads, and its copy holds every acknowledged write";
    case "open":
      return "no worker waits for a copy";
    default:
      return finding.message;
  }
}
