// The orchestrator container's first process: runs the API and the controller beside each other, each in a process of
// its own, so that neither can take the other down. It decides nothing else.
import { fileURLToPath } from "node:url";
import { createLog } from "../protocol/log.ts";
import { logOptions } from "../protocol/program.ts";
import { keepRunning, type Program } from "./child.ts";

const programs: readonly Program[] = ["api", "controller"].map((name) => ({
  name,
  file: fileURLToPath(new URL(`../${name}/main.js`, import.meta.url)),
}));

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => stop.abort(signal));
}

const log = createLog(logOptions(process.env, "orchestrator"));
const runs = programs.map((program) =>
  keepRunning(program, stop.signal, (fall) => log.warn(fall, "a child ended; starting it again")),
);
await Promise.all(runs);
