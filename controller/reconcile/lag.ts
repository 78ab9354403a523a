// PURE: how far a copy is behind. Workers tell their positions a few times a second, each at its own moment, so two that go
// together are seen at different places while there are writes. What counts is for how long the master has been seen beyond
// a copy's place.
import type { Observed } from "./workers.ts";

/** The master's place when it was seen there first. */
export interface Head {
  readonly position: number;
  readonly atMs: number;
}

export interface Lag {
  readonly records: number;
  readonly ms: number;
}

const headsMax = 240;
/** A position is told every half second and looked at every second: a smaller difference says nothing. */
export const noiseMs = 1_600;

const inStep: Lag = { records: 0, ms: 0 };

export function headsAfter(heads: readonly Head[], { workers, nowMs }: Observed): readonly Head[] {
  const master = workers.find(({ phase }) => phase === "master");
  const position = master?.node?.position;
  if (position === undefined || position === heads.at(-1)?.position) return heads;
  return [...heads, { position, atMs: nowMs }].slice(-headsMax);
}

export function lagOf(position: number, heads: readonly Head[], nowMs: number): Lag {
  const passed = heads.find((head) => head.position > position);
  const head = heads.at(-1);
  if (passed === undefined || head === undefined) return inStep;
  const ms = Math.max(0, nowMs - passed.atMs);
  return ms < noiseMs ? inStep : { records: head.position - position, ms: Math.round(ms) };
}
