// How quickly an empty copy replays the log: `node main.ts service|plain TARGET`, in a container like a worker's. It is the
// worker's own reader and store (and plain mode's) on a fresh folder, without what a whole worker waits for besides.
// TARGET is a position of the service's log, or a number of rows of plain mode's.
import { join } from "node:path";
import { systemClock } from "../../../platform/process/clock.ts";
import { logOptions, variable } from "../../../platform/process/program.ts";
import { Rabbit } from "../../../platform/rabbitmq/rabbit.ts";
import { createLog } from "../../../platform/telemetry/log.ts";
import { LogReader } from "../../../worker/copy/log-reader.ts";
import { Store } from "../../../worker/copy/store.ts";
import { openBroker } from "../plain/broker.ts";
import { Database } from "../plain/database.ts";
import { followLog } from "../plain/slave.ts";
import type { Replay } from "../report/results.ts";

const withinMs = 600_000;
const env = process.env;
const directory = join(variable(env, "DATA_DIR", "/data"));
const url = variable(env, "RABBITMQ_URL");

async function service(target: number): Promise<Replay> {
  const signal = AbortSignal.timeout(withinMs);
  const log = createLog(logOptions(env, "replay"));
  const rabbit = await Rabbit.open(url, "replay");
  const store = await Store.open(directory);
  const startedMs = performance.now();
  const reader = await LogReader.open({ rabbit, time: systemClock, log }, store.applied, signal);
  while (store.applied.position < target) {
    await store.apply(await reader.next(signal));
    signal.throwIfAborted();
  }
  const ms = performance.now() - startedMs;
  let rows = 0;
  for (const { name } of store.schema.tables) {
    const [row] = await store.writer.all(`SELECT count(*) AS rows FROM "${name}"`);
    rows += Number(row?.rows);
  }
  return { records: store.applied.position, rows, ms, rowsPerSecond: rows / (ms / 1_000) };
}

async function plain(target: number): Promise<Replay> {
  const broker = await openBroker(url);
  const database = await Database.open(join(directory, "plain.db"), "NORMAL");
  const startedMs = performance.now();
  let [records, rows] = [0, 0];
  await new Promise<void>((resolve, reject) => {
    setTimeout(() => reject(new Error(`only ${rows} rows came`)), withinMs);
    const onApplied = (applied: number) => {
      records += 1;
      rows += applied;
      if (rows >= target) resolve();
    };
    followLog(broker, database, onApplied).catch(reject);
  });
  const ms = performance.now() - startedMs;
  return { records, rows, ms, rowsPerSecond: rows / (ms / 1_000) };
}

const [kind, target] = process.argv.slice(2);
const replayed = await (kind === "plain" ? plain(Number(target)) : service(Number(target)));
process.stdout.write(`${JSON.stringify(replayed)}\n`);
process.exit(0);
