// What must hold after every run, whatever happened in it.
import type { Effect } from "../../core/log/record.ts";
import { contentsAt, digestOf } from "./contents.ts";
import { type Accepted, historyOf, statesOf } from "./history.ts";
import type { Told } from "./simulated-api.ts";
import type { SimulatedWorker } from "./simulated-worker.ts";

export interface Ended {
  readonly told: readonly Told[];
  readonly workers: readonly SimulatedWorker[];
  readonly log: readonly Buffer[];
  /** What was still going on when the time was over. */
  readonly stuck: readonly string[];
}

/** @returns what was violated, in words */
export function violations({ told, workers, log, stuck }: Ended): readonly string[] {
  const { accepted, faults } = historyOf(log);
  const found = [...faults, ...stuck, ...workers.flatMap(({ surprises }) => surprises)];
  found.push(...copiesDiffer(workers, accepted));
  found.push(...answersAreTrue(told, accepted));
  found.push(...nothingElseHappened(told, accepted));
  found.push(...readsAreTrue(told, accepted));
  return found;
}

function copiesDiffer(workers: readonly SimulatedWorker[], accepted: readonly Accepted[]): readonly string[] {
  const found: string[] = [];
  const [first] = workers;
  const wanted = sorted(statesOf(accepted).at(-1) ?? new Map());
  for (const { name, disk } of workers) {
    if (first !== undefined && digestOf(disk.contents) !== digestOf(first.disk.contents))
      found.push(`${name} and ${first.name} differ`);
    const held = JSON.stringify(contentsAt(disk.contents).rows);
    if (held !== wanted) found.push(`${name} holds ${held}, the log says ${wanted}`);
  }
  return found;
}

const sorted = (rows: ReadonlyMap<string, string>): string =>
  JSON.stringify([...rows].sort(([a], [b]) => (a < b ? -1 : 1)));

/** A write of which a client was told that it succeeded stands where it was told; one refused stands nowhere. */
function answersAreTrue(told: readonly Told[], accepted: readonly Accepted[]): readonly string[] {
  const found: string[] = [];
  for (const { ask, key, value, outcome, code, position } of told) {
    if (key === "" || ask.kind === "strongRead") continue;
    const at = accepted.filter(({ keys }) => keys.some((entry) => entry.key === key && entry.ok));
    if (at.length > 1) found.push(`${value} (${key}) was applied ${at.length} times`);
    if (outcome === "ok" && at[0]?.position !== position)
      found.push(
        `acknowledged ${ask.kind} ${value} at ${position} stands at ${at[0]?.position ?? "no place"}`,
      );
    // No request of these clients is poisoned: one that is refused as that was only near a worker that was cut off or killed.
    if (code === "poison_request") found.push(`${ask.kind} ${value} was refused as poisoned`);
    if (outcome === "refused" && at.length > 0)
      found.push(`refused ${ask.kind} ${value} was applied at ${at[0]?.position}`);
  }
  return found;
}

const valuesOf = (effect: Effect): readonly string[] =>
  "shape" in effect && effect.shape.kind === "insert" ? effect.rows.map((row) => String(row[1])) : [];

function nothingElseHappened(told: readonly Told[], accepted: readonly Accepted[]): readonly string[] {
  const found: string[] = [];
  const asked = new Set(told.map(({ value }) => value));
  const keys = new Set(told.map(({ key }) => key));
  const values = accepted.flatMap(({ effects }) => effects.flatMap(valuesOf));
  for (const value of values) if (!asked.has(value)) found.push(`${value} was never sent`);
  for (const [i, value] of values.entries())
    if (values.indexOf(value) !== i) found.push(`${value} was written twice`);
  for (const { key } of accepted.flatMap((record) => record.keys))
    if (!keys.has(key)) found.push(`key ${key} was never sent`);
  return found;
}

function readsAreTrue(told: readonly Told[], accepted: readonly Accepted[]): readonly string[] {
  const found: string[] = [];
  const states = statesOf(accepted);
  for (const { ask, client, contents, position, atLeast, askedAtMs } of told) {
    if (contents === undefined) continue;
    if (position < atLeast) found.push(`client ${client} went back from ${atLeast} to ${position}`);
    const wanted = sorted(states[position] ?? new Map());
    if (JSON.stringify(contents.rows) !== wanted)
      found.push(`a read at ${position} saw ${JSON.stringify(contents.rows)}, the log says ${wanted}`);
    if (ask.kind !== "strongRead") continue;
    const barrier = told.filter((one) => one.ask === ask && one.key !== "")[0];
    for (const before of told)
      if (
        before.outcome === "ok" &&
        before.key !== "" &&
        before.answeredAtMs < (barrier?.askedAtMs ?? askedAtMs) &&
        before.position > position
      )
        found.push(`a strong read at ${position} missed a write answered before it at ${before.position}`);
  }
  return found;
}
