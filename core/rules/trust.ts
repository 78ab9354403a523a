// PURE. Whether this worker's copy may lead, and what it waits for otherwise.
//
// An acknowledged write stands in the log and in the file of the master that acknowledged it. The log can lose its end only when
// the broker loses its memory (a restart, a volume put back, the log deleted), and then the broker's memory id is another one
// than the id in the znode `log`; of several brokers, a majority of theirs. While both are the same, every copy that joins the log
// may lead: reading the log to its end gives it everything. When they differ, the last master's copy has to be there; or, where
// there are several hosts, all the witnesses that it has listed: each acknowledged write is on the disk of one of them. The fullest
// copy beside them goes on: it vouches for the log if it joins the log, and otherwise the log goes on from this copy alone ("adopt").
// Their copies are the noted ones, known by their ids. A copy that a worker of that name has begun since (its file was damaged, its volume
// lost) holds what it could read again, and nothing of what only the noted one had.
// Where the last master could say at its end that it has answered nothing beyond the noted place ("final"), any copy that holds that place
// holds all, whose ever it is: there is nothing that only a noted copy could hold.
import { comparePlaces, fullest, holdsAll, nowhere, placeInWords, samePlace } from "../log/place.ts";
import type { LogNode, Place } from "../state/znodes.ts";
import { isOfSeveral, sameMemory } from "./broker-memory.ts";
import { copyIdsOf, isReplaced, type NamedCopy } from "./copy-ids.ts";

/**
 * joined: the record that it applied last stands in the log, or it read the log from its first record.
 * empty: it holds nothing, and the log has shown nothing. apart: the log does not go on where the copy stands.
 */
export type Joint = "joined" | "empty" | "apart";

export interface OwnCopy extends NamedCopy {
  readonly place: Place;
  readonly joint: Joint;
  /** The broker's memory id as it was noted when this process has last seen the log vouched for. */
  readonly vouchedUnder: string | null;
}

export interface OtherCopy extends NamedCopy {
  readonly place: Place;
  readonly eligible: boolean;
}

export interface Seen {
  /** The broker's memory id now. */
  readonly memory: string;
  readonly log: LogNode | null;
  /** The other volumes of the cluster; null is one that no worker has opened since it was listed. */
  readonly copies: ReadonlyMap<string, Place | null>;
  /** The controller has listed every volume in this ZooKeeper. */
  readonly listed: boolean;
  /** The other live workers. */
  readonly peers: readonly OtherCopy[];
  readonly hasMaster: boolean;
}

export type Verdict =
  /** The log is whole and this copy joins it. */
  | { readonly kind: "lead" }
  /**
   * To be written into the znode `log`, and then looked at again: this copy proves that the log is whole, or is itself what is known
   * to be acknowledged.
   */
  | { readonly kind: "vouch"; readonly log: LogNode }
  /** This copy holds more than the log: it may lead, and the log goes on from it. */
  | { readonly kind: "adopt" }
  /** Another worker's copy helps: the names of those that hold at least as much. */
  | { readonly kind: "copy"; readonly donors: readonly string[] }
  | { readonly kind: "wait"; readonly why: string };

const lead: Verdict = { kind: "lead" };
const wait = (why: string): Verdict => ({ kind: "wait", why });

export function standingOf(own: OwnCopy, seen: Seen): Verdict {
  const { log, memory } = seen;
  if (log !== null && sameMemory(log.broker, memory)) return inWholeLog(own, log, seen);
  // ZooKeeper has lost or forgotten what this process still knows: the broker has not forgotten anything since.
  const { vouchedUnder } = own;
  if (vouchedUnder !== null && sameMemory(vouchedUnder, memory) && own.joint === "joined")
    return {
      kind: "vouch",
      log: { broker: vouchedUnder, master: "", ...fullest([own.place, log ?? nowhere]) },
    };
  return log === null || log.master === "" ? byCensus(own, seen) : byWitness(own, log, seen);
}

/** The broker has forgotten nothing since the last master wrote: all that was acknowledged stands in the log. */
function inWholeLog(own: OwnCopy, log: LogNode, { peers }: Seen): Verdict {
  if (own.joint === "joined" || (own.joint === "empty" && samePlace(log, nowhere))) return lead;
  // Fullest first. A copy that holds less is never taken, for whatever reason.
  const donors = peers
    .filter(({ eligible, place }) => eligible && holdsAll(place, own.place))
    .sort((a, b) => comparePlaces(b.place, a.place));
  if (donors.length > 0) return { kind: "copy", donors: donors.map(({ name }) => name) };
  return wait(
    own.joint === "empty"
      ? `waits for the first record of the log, which must reach ${placeInWords(log)}`
      : `waits for a worker that can give a snapshot: the log does not go on where this copy stands (${placeInWords(own.place)})`,
  );
}

/** The log may have lost its end. The last master's copy holds all that was acknowledged, and so do those of the witnesses together. */
function byWitness(own: OwnCopy, log: LogNode, seen: Seen): Verdict {
  const there = [own, ...seen.peers];
  const missing = missingWitnesses(log, there);
  if (missing.length > 0) return wait(missingInWords(missing, own, log, there));
  const whyNot = whyNotFrom(own, seen, seen.peers);
  if (whyNot !== null) return wait(whyNot);
  // It leads on while single brokers are restarted, and notes their ids once they have what it has answered: that may be at one of them alone.
  if (seen.hasMaster && isOfSeveral(seen.memory))
    return wait("waits for the master to note that the log is whole");
  // What is noted stays as it is, also that it is final: nothing is answered before a master has written a note of its own.
  return showsWholeLog(own) ? { kind: "vouch", log: { ...log, broker: seen.memory } } : { kind: "adopt" };
}

function missingInWords(
  missing: readonly string[],
  own: OwnCopy,
  log: LogNode,
  there: readonly NamedCopy[],
): string {
  const together = missing.slice(1);
  const replaced = there.filter((one) => missing.includes(one.name) && isReplaced(one, log));
  const isGone = (name: string): boolean => replaced.some((one) => one.name === name);
  const last = isGone(log.master)
    ? `the copy that ${log.master} had when it led, which held`
    : `${log.master}, whose copy holds`;
  const others = together.map((name) => (isGone(name) ? `the copy that ${name} had as a witness` : name));
  return (
    `waits for ${last} every acknowledged write (${placeInWords(log)})` +
    `${others.length === 0 ? "" : `, or for ${others.join(" and ")}`}; this copy holds ${placeInWords(own.place)}` +
    replaced.map(({ name }) => `; ${name} began a new copy, and the one before is gone`).join("")
  );
}

/**
 * Whose copies have to be there before it is known that those that are there hold all that was acknowledged.
 * @returns the last master, and behind it the witnesses that will do as well, all together; nobody when those that are there do
 */
export function missingWitnesses(
  log: LogNode,
  there: readonly (NamedCopy & Pick<OwnCopy, "place">)[],
): readonly string[] {
  if (log.final === true && holdsAll(fullest(there.map(({ place }) => place)), log)) return [];
  const noted = there.filter((one) => !isReplaced(one, log));
  const placeOf = (name: string): Place => noted.find((one) => one.name === name)?.place ?? nowhere;
  const { witnesses = [] } = log;
  // One that holds nothing has not opened its file yet: what it has in it may be what the others lack.
  const missing = witnesses.filter((name) => samePlace(placeOf(name), nowhere));
  const areThere =
    witnesses.length > 0 && missing.length === 0 && holdsAll(fullest(witnesses.map(placeOf)), log);
  return areThere || holdsAll(placeOf(log.master), log) ? [] : [log.master, ...missing];
}

/** Nothing says who led last. Every volume's copy must be known, and the fullest of them goes on. */
function byCensus(own: OwnCopy, seen: Seen): Verdict {
  if (!seen.listed) return wait("waits for the controller to list the volumes of the cluster");
  const unknown = [...seen.copies].filter(([name, holds]) => holds === null && name !== own.name);
  if (unknown.length > 0)
    return wait(
      `waits until it is known what the copies of ${unknown.map(([name]) => name).join(", ")} hold; ` +
        `this copy holds ${placeInWords(own.place)}`,
    );
  const listed = [...seen.copies].flatMap(([name, place]) => (place === null ? [] : [{ name, place }]));
  const others = [...listed, ...seen.peers].filter(({ name }) => name !== own.name);
  const floor = seen.log ?? nowhere;
  const held = fullest([own.place, ...others.map(({ place }) => place)]);
  if (!holdsAll(held, floor))
    return wait(
      `waits for a copy that holds every acknowledged write (${placeInWords(floor)}); the fullest holds ${placeInWords(held)}`,
    );
  const whyNot = whyNotFrom(own, seen, others);
  if (whyNot !== null) return wait(whyNot);
  const broker = showsWholeLog(own) ? seen.memory : "";
  return { kind: "vouch", log: { broker, master: own.name, ...own.place, ...copyIdsOf([own]) } };
}

/** A copy that is the fullest and joins the log: then the log holds at least as much. */
const showsWholeLog = ({ joint, place }: OwnCopy): boolean =>
  joint === "joined" || (joint === "empty" && samePlace(place, nowhere));

/** The fullest copy goes on. @returns null when that is this one */
function whyNotFrom(
  own: OwnCopy,
  { peers, hasMaster }: Seen,
  others: readonly { readonly name: string; readonly place: Place }[],
): string | null {
  const fuller = others.filter(({ place }) => comparePlaces(place, own.place) > 0);
  const [best] = fuller.sort((a, b) => comparePlaces(b.place, a.place));
  if (best !== undefined)
    return (
      `waits for ${best.name}, whose copy is the fullest (${placeInWords(best.place)}); ` +
      `this copy holds ${placeInWords(own.place)}`
    );
  if (showsWholeLog(own)) return null;
  if (hasMaster) return "waits for the master to show what it holds";
  // Of several that hold the same, one.
  const twin = peers.find(({ name, place }) => samePlace(place, own.place) && name < own.name);
  return twin === undefined ? null : `waits for ${twin.name}, whose copy holds the same, to go on from it`;
}

/** May a worker that was just elected write its marker? `behind` reads on in the log first. */
export type Gate =
  | { readonly kind: "pass" }
  | { readonly kind: "behind"; readonly until: Place }
  | { readonly kind: "refuse"; readonly why: string };

/** @param known the znode `log` as it was read after this worker had become the only possible master */
export function gateOf(
  own: Place,
  known: LogNode | null,
  { memory, adopts }: { readonly memory: string; readonly adopts: boolean },
): Gate {
  const refuse = (why: string): Gate => ({ kind: "refuse", why });
  if (known === null) return refuse("nothing is known of the acknowledged data: was ZooKeeper emptied?");
  if (adopts)
    return holdsAll(own, known)
      ? { kind: "pass" }
      : refuse(`another copy has led meanwhile, up to ${placeInWords(known)}`);
  if (!sameMemory(known.broker, memory)) return refuse("the log is not vouched for");
  return holdsAll(own, known) ? { kind: "pass" } : { kind: "behind", until: known };
}
