// The orchestrator container's first process: runs the API and the controller beside each other, each in a process of
// its own, so that neither can take the other down. It decides nothing else.
import { fileURLToPath } from "node:url";
import { logOptions } from "../platform/process/program.ts";
import { createLog } from "../platform/telemetry/log.ts";
import { keepRunning, type Program } from "./child.ts";

// Nearly all that the API allocates is garbage as soon as its request is answered. With V8's default of one to two MB for
// the young it collects hundreds of times a second; this costs 5 MB and saves a seventh of its processor time.
const apiFlags = ["--min-semi-space-size=8", "--max-semi-space-size=8"] as const;

const mainOf = (name: string): string => fileURLToPath(new URL(`../${name}/main.ts`, import.meta.url));

const programs: readonly Program[] = [
  { name: "api", file: mainOf("api"), flags: apiFlags },
  { name: "controller", file: mainOf("controller") },
];

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => stop.abort(signal));
}

const log = createLog(logOptions(process.env, "orchestrator"));
const runs = programs.map((program) =>
  keepRunning(program, stop.signal, (fall) => log.warn(fall, "a child ended; starting it again")),
);
await Promise.all(runs);
