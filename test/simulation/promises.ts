// What must hold after every run, whatever happened in it.
import type { Effect } from "../../core/log/record.ts";
import type { Told } from "./clients.ts";
import type { Copy } from "./copies.ts";
import { type Accepted, historyOf, statesOf } from "./history.ts";
import { transactionsAreTrue } from "./transaction-promises.ts";

export interface Ended {
  readonly told: readonly Told[];
  /** Of the workers that run at the end. */
  readonly copies: readonly Copy[];
  /** As it stands; undefined when it has lost records, and tells the history no more. */
  readonly log: readonly Buffer[] | undefined;
  /** What was still going on when the time was over. */
  readonly stuck: readonly string[];
  readonly failures: readonly string[];
  /** An operator had to accept that what was acknowledged is gone. */
  readonly lossAccepted: boolean;
  /** A volume with a copy was lost: only then there may be a loss to accept. */
  readonly volumeLost: boolean;
  /** A worker ended as one does that a request has killed. */
  readonly endedByItself: boolean;
}

/** @returns what was violated, in words */
export function violations(ended: Ended): readonly string[] {
  const { told, copies, log, stuck, failures, lossAccepted, volumeLost, endedByItself } = ended;
  const found = [...stuck, ...failures];
  if (lossAccepted && !volumeLost) found.push("the service waited for a copy, though no volume was lost");
  found.push(...copiesDiffer(copies), ...(endedByItself ? [] : poisoned(told)));
  const [copy] = copies;
  if (copy !== undefined)
    found.push(...rowsAreTrue(told, copy, lossAccepted), ...transactionsAreTrue(told, copy, lossAccepted));
  if (log !== undefined) found.push(...logIsTrue(told, copies, log));
  return found;
}

function copiesDiffer(copies: readonly Copy[]): readonly string[] {
  const [first] = copies;
  return copies.flatMap(({ name, digest }) =>
    first !== undefined && digest !== first.digest ? [`${name} and ${first.name} differ`] : [],
  );
}

/** No request of these clients is poisoned: one that is refused as that was only near a worker that was cut off or killed. */
const poisoned = (told: readonly Told[]): readonly string[] =>
  told
    .filter(({ code }) => code === "poison_request")
    .map(({ ask, value }) => `${ask.kind} ${value} was refused as poisoned`);

/** By the data alone, which every copy has, whatever became of the log. */
function rowsAreTrue(
  told: readonly Told[],
  { things, counted }: Copy,
  lossAccepted: boolean,
): readonly string[] {
  const found: string[] = [];
  const cleared = told.some(({ ask, outcome }) => ask.kind === "clear" && outcome !== "refused");
  const added = new Map(things.map(([id, value]) => [id, value]));
  for (const { ask, value, id, outcome } of told) {
    if (ask.kind !== "add" && ask.kind !== "count") continue;
    const times = ask.kind === "add" ? (added.get(id) === value ? 1 : 0) : timesIn(counted, value);
    if (times > 1) found.push(`${ask.kind} ${value} stands ${times} times in the data`);
    if (outcome === "refused" && times > 0) found.push(`refused ${ask.kind} ${value} stands in the data`);
    if (outcome === "ok" && times === 0 && !cleared && !lossAccepted)
      found.push(`acknowledged ${ask.kind} ${value} is not in the data`);
  }
  const asked = new Set(told.map(({ value }) => value));
  for (const value of [...things.map(([, value]) => value), ...counted])
    if (!asked.has(value)) found.push(`${value} was never sent`);
  return found;
}

const timesIn = (values: readonly string[], value: string): number =>
  values.filter((one) => one === value).length;

function logIsTrue(
  told: readonly Told[],
  copies: readonly Copy[],
  log: readonly Buffer[],
): readonly string[] {
  const { accepted, faults } = historyOf(log);
  const found = [...faults];
  const wanted = sorted(statesOf(accepted).at(-1) ?? new Map());
  for (const { name, things } of copies)
    if (JSON.stringify(things) !== wanted)
      found.push(`${name} holds ${JSON.stringify(things)}, the log says ${wanted}`);
  found.push(...answersAreTrue(told, accepted), ...readsAreTrue(told, accepted));
  return found;
}

const sorted = (rows: ReadonlyMap<string, string>): string =>
  JSON.stringify([...rows].sort(([a], [b]) => (a < b ? -1 : 1)));

/** A write of which a client was told that it succeeded stands where it was told, once; one refused stands nowhere. */
function answersAreTrue(told: readonly Told[], accepted: readonly Accepted[]): readonly string[] {
  const found: string[] = [];
  const places = placesOf(accepted);
  for (const { ask, value, outcome, position } of told) {
    if (!("id" in ask || ask.kind === "add" || ask.kind === "count") || ask.kind === "free") continue;
    const at = places.get(value) ?? [];
    if (at.length > 1) found.push(`${ask.kind} ${value} was applied at ${at.join(" and ")}`);
    if (outcome === "ok" && at[0] !== position)
      found.push(`acknowledged ${ask.kind} ${value} at ${position} stands at ${at[0] ?? "no place"}`);
    if (outcome === "refused" && at.length > 0)
      found.push(`refused ${ask.kind} ${value} was applied at ${at[0]}`);
  }
  return found;
}

/** Where the log has the values that clients sent. */
function placesOf(accepted: readonly Accepted[]): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>();
  for (const { position, effects } of accepted)
    for (const value of effects.flatMap(valuesOf))
      places.set(value, [...(places.get(value) ?? []), position]);
  return places;
}

function valuesOf(effect: Effect): readonly string[] {
  if (!("shape" in effect)) return [];
  // Some of it counts a value; what else there is has none that is looked for here.
  if (effect.shape.kind === "sql") return effect.rows.map(([value]) => String(value));
  if (effect.shape.kind !== "insert") return [];
  const column = effect.shape.columns.indexOf("value");
  return effect.rows.map((row) => String(row[column]));
}

function readsAreTrue(told: readonly Told[], accepted: readonly Accepted[]): readonly string[] {
  const found: string[] = [];
  const states = statesOf(accepted).map(sorted);
  for (const { ask, client, rows, position, atLeast, askedAtMs } of told) {
    if (rows === undefined) continue;
    if (position < atLeast) found.push(`client ${client} went back from ${atLeast} to ${position}`);
    // What is committed in the middle of a read may be seen by it.
    if (!states.includes(JSON.stringify(rows), position))
      found.push(`a read at ${position} saw ${JSON.stringify(rows)}, the log says ${states[position]}`);
    if (ask.kind !== "strongRead") continue;
    for (const before of told)
      if (before.outcome === "ok" && before.answeredAtMs < askedAtMs && before.position > position)
        found.push(`a strong read at ${position} missed what was answered before it at ${before.position}`);
  }
  return found;
}
