// PURE: what the controller knows of each volume's copy: what it holds, whether a worker runs on it, and which of them the
// workers may be waiting for. The rules by which a copy may lead are the workers' own (core/rules/trust.ts).
import { comparePlaces, fullest, nowhere } from "../../core/log/place.ts";
import { isReplaced } from "../../core/rules/copy-ids.ts";
import type { Place } from "../../core/state/znodes.ts";
import { ordinalOf } from "../names.ts";
import type { HostSeen } from "../ports.ts";
import type { Action } from "./action.ts";
import { awayHostOf } from "./hosts.ts";
import { isLed, isRunning, type Observed, type WorkerView } from "./workers.ts";

export interface Copy {
  readonly worker: string;
  /** Null when no worker has opened it since ZooKeeper's data began. */
  readonly holds: Place | null;
  /** As its worker says, or has noted; undefined when none has. */
  readonly copyId: string | undefined;
  /** False for a copy that is known of, and whose volume is gone for certain, or on a host that is away. */
  readonly hasVolume: boolean;
  /** The host of its volume; null when it has none. */
  readonly host: string | null;
  /** The host that is away and has its volume; null when it is not on one that is away. */
  readonly away: HostSeen | null;
  /** The worker that runs on it. */
  readonly running: WorkerView | null;
  /** Its worker led last, so it holds every acknowledged write, unless it was replaced. */
  readonly lastMaster: boolean;
  /** It and the other witnesses together hold that as well, unless one was replaced. */
  readonly witness: boolean;
  /** Its worker has another copy than the noted one, or had when it last ran. */
  readonly replaced: boolean;
}

const ordinalIn = (worker: string): number => ordinalOf(worker) ?? Number.MAX_SAFE_INTEGER;

/** By name. */
export function copiesOf(observed: Observed): readonly Copy[] {
  const { volumes, copies, log } = observed;
  const last = log === null || log.master === "" ? null : log.master;
  const views = new Map(observed.workers.filter(isRunning).map((view) => [view.name, view]));
  const witnesses = log?.witnesses ?? [];
  const names = new Set([
    ...volumes.keys(),
    ...copies.keys(),
    ...(last === null ? [] : [last]),
    ...witnesses,
  ]);
  return [...names]
    .sort((a, b) => ordinalIn(a) - ordinalIn(b))
    .map((worker) => {
      const running = views.get(worker) ?? null;
      const host = volumes.get(worker) ?? null;
      const hasVolume = host !== null;
      const away = awayHostOf(worker, observed);
      const listed = copies.get(worker)?.holds ?? null;
      const noted = worker === last && !hasVolume && listed === null ? log : listed;
      const holds = holdsOf(noted, running);
      const trusted = { lastMaster: worker === last, witness: witnesses.includes(worker) };
      const copyId = running?.node?.copyId ?? copies.get(worker)?.copyId;
      const replaced = log !== null && isReplaced({ name: worker, copyId }, log);
      return { worker, holds, copyId, hasVolume, host, away, running, ...trusted, replaced };
    });
}

/** What is noted may be older than what its worker says. One that says it holds nothing may not have opened its file yet. */
function holdsOf(noted: Place | null, running: WorkerView | null): Place | null {
  const told = running?.node ?? nowhere;
  if (comparePlaces(told, noted ?? nowhere) <= 0)
    return noted === null ? null : { epoch: noted.epoch, position: noted.position };
  return { epoch: told.epoch, position: told.position };
}

export const heldByRunning = (copies: readonly Copy[]): Place =>
  fullest(copies.flatMap(({ holds, running }) => (running === null || holds === null ? [] : [holds])));

export const mayHoldMoreThan = (place: Place, { holds }: Copy): boolean =>
  holds === null || comparePlaces(holds, place) > 0;

/**
 * Whether workers that run cannot lead without a copy that is not there: then every volume that may hold more is needed, and the
 * last master's. Without the note of who led last the workers count all copies; when none runs, all are started at once.
 */
export function needsOtherCopies(observed: Observed): boolean {
  if (isLed(observed)) return false;
  const running = observed.workers.filter(isRunning);
  if (running.length === 0) return observed.log === null;
  return running.some(({ node }) => node?.waiting !== undefined);
}

/**
 * Every volume has an entry before anything else happens, because the workers count them. The entry of a volume that is gone
 * stays as long as its loss might be the loss of acknowledged writes: until a master leads, or it is known who led last. One on
 * a host that is away is not gone.
 */
export function listCopies(observed: Observed): readonly Action[] {
  const { volumes, copies, nodes, log } = observed;
  // Where there are several hosts, a note tells of a volume that cannot be seen. Earlier versions did not write its host.
  const isOneOfSeveral = observed.hosts.length > 1;
  const vouchedFor = isLed(observed) || (log !== null && log.master !== "");
  const stays = (worker: string): boolean =>
    !vouchedFor ||
    volumes.has(worker) ||
    awayHostOf(worker, observed) !== null ||
    nodes.some(({ name }) => name === worker);
  return [
    ...[...volumes]
      .filter(
        ([worker, host]) => !copies.has(worker) || (isOneOfSeveral && copies.get(worker)?.host !== host),
      )
      .map(([worker, host]): Action => ({ kind: "listCopy", worker, host })),
    ...[...copies.keys()]
      .filter((worker) => !stays(worker))
      .map((worker): Action => ({ kind: "unlistCopy", worker })),
  ];
}
