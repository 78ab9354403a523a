// How quickly an empty copy replays the log. It runs first, while the log holds only what this scenario writes: single
// writes under load, and then writes of thousands of rows each.
import { tables } from "../load/rows.ts";
import type { Replay, Results } from "../report/results.ts";
import { plainContainer } from "../world/plain-mode.ts";
import { countRows, fill, type SubjectName } from "../world/subject.ts";
import type { Bench } from "./bench.ts";

export async function replay(bench: Bench): Promise<NonNullable<Results["replay"]>> {
  const { pace, cluster, plain } = bench;
  const service = await cluster.subject();
  const load = { kind: "writes", connections: 64 } as const;
  await bench.run(plain, load, pace.replayLoadMs);
  const plainReplay = await replayed(bench, "plain", await countRows(plain.target, tables.written));
  await bench.run(service, load, pace.replayLoadMs);
  const singles = await replayed(bench, "service", await positionOf(bench));

  // The bulk's own time is what its part of the log adds.
  const firstId = bench.takeIds();
  await fill(service, tables.written, firstId, firstId + pace.replayBulkRows - 1);
  const both = await replayed(bench, "service", await positionOf(bench));
  const [rows, ms] = [both.rows - singles.rows, both.ms - singles.ms];
  const serviceBulk = {
    records: both.records - singles.records,
    rows,
    ms,
    rowsPerSecond: rows / (ms / 1_000),
  };
  for (const [what, found] of Object.entries({
    plain: plainReplay,
    service: singles,
    "service, bulk": serviceBulk,
  }))
    bench.say(
      `  ${what}: ${found.rows} rows in ${found.records} records, ${Math.round(found.rowsPerSecond)} rows/s`,
    );
  return { plain: plainReplay, service: singles, serviceBulk };
}

async function positionOf({ cluster }: Bench): Promise<number> {
  const { workers } = await cluster.status();
  return Math.max(...workers.map(({ position }) => position));
}

/** In a container like a worker's, but for its program. */
async function replayed(bench: Bench, kind: SubjectName, target: number): Promise<Replay> {
  const like = plainContainer(bench.settings, "slave");
  const output = await bench.engine.runToEnd({
    ...like,
    name: `${bench.settings.cluster}-plain-replay`,
    command: ["node", "tools/bench/replay/main.ts", kind, String(target)],
    environment: { ...like.environment, LOG_LEVEL: "warn" },
  });
  const line = output.split("\n").find((candidate) => candidate.startsWith('{"records"'));
  if (line === undefined) throw new Error(`the replay ended without a result: ${output.slice(-2_000)}`);
  return JSON.parse(line) as Replay;
}
