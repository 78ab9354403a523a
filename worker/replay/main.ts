// `node worker/replay/main.ts {"directory":…,"target":…,"endPosition":…}`: the command line starts it for a restore to a position or a
// moment, beside the service, and reads from its output what came of it.
import { messageOf } from "../../core/errors.ts";
import type { Replay, Replayed } from "../../core/rules/backups.ts";
import { systemClock } from "../../platform/process/clock.ts";
import { variable } from "../../platform/process/program.ts";
import { rabbitAt } from "../../platform/rabbitmq/open.ts";
import { createLog } from "../../platform/telemetry/log.ts";
import { systemDisk } from "../system-disk.ts";
import { replay } from "./replay.ts";

async function main(asked: Replay): Promise<Replayed> {
  const { env } = process;
  // The container's own temporary folder is memory.
  env.SQLITE_TMPDIR = asked.directory;
  const log = createLog({ program: "replay", format: "text", level: "silent" });
  const open = rabbitAt(variable(env, "RABBITMQ_URL"), { preferred: env.RABBITMQ_PREFERRED || undefined });
  const rabbit = await open("replay");
  try {
    return await replay({ rabbit, clock: systemClock, disk: systemDisk, log, signal: rabbit.ended }, asked);
  } finally {
    await rabbit.close();
  }
}

try {
  const replayed = await main(JSON.parse(process.argv[2] ?? "") as Replay);
  process.stdout.write(`${JSON.stringify(replayed)}\n`);
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}
