// PURE. How long and how often everything is measured: a short run for a first look, a full one for the documentation.

export const scenarioNames = [
  "replay",
  "headline",
  "lone",
  "sql",
  "steady",
  "connections",
  "slaves",
  "controller",
  "neighbours",
  "sizes",
  "memory",
] as const;
export type ScenarioName = (typeof scenarioNames)[number];

export interface Pace {
  readonly mode: "short" | "full";
  /** Of the headline; each figure is a median. */
  readonly runs: number;
  /** Of everything else. */
  readonly sweepRuns: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Rows in the table that is read, unless a scenario says otherwise. */
  readonly rows: number;
  readonly connections: readonly number[];
  readonly slaves: readonly number[];
  readonly sizes: readonly number[];
  readonly failoversPerSize: number;
  readonly replayLoadMs: number;
  readonly replayBulkRows: number;
  readonly idleMs: number;
  /** Quick requests beside each mix of neighbours, for so long. */
  readonly neighboursMs: number;
  readonly memoryMinutes: number;
  readonly memoryRows: number;
}

export const paces: Readonly<Record<"short" | "full", Pace>> = {
  short: {
    mode: "short",
    runs: 3,
    sweepRuns: 1,
    warmUpMs: 500,
    measureMs: 2_000,
    rows: 100_000,
    connections: [1, 16, 256],
    slaves: [1, 2],
    sizes: [1_000, 100_000],
    failoversPerSize: 1,
    replayLoadMs: 4_000,
    replayBulkRows: 400_000,
    idleMs: 5_000,
    neighboursMs: 6_000,
    memoryMinutes: 0.25,
    memoryRows: 300_000,
  },
  full: {
    mode: "full",
    runs: 5,
    sweepRuns: 2,
    warmUpMs: 1_000,
    measureMs: 5_000,
    rows: 100_000,
    connections: [1, 4, 16, 64, 128, 256, 512],
    slaves: [1, 2, 4],
    sizes: [1_000, 10_000, 100_000, 1_000_000],
    failoversPerSize: 3,
    replayLoadMs: 20_000,
    replayBulkRows: 1_000_000,
    idleMs: 20_000,
    neighboursMs: 30_000,
    memoryMinutes: 10,
    memoryRows: 1_000_000,
  },
};
