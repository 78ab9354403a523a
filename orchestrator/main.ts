// The orchestrator container's first process: runs the API and the controller beside each other, each in a process of
// a user of its own, so that neither can take the other down, and the API cannot reach the engine. It decides nothing else.
import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { logOptions, variable } from "../platform/process/program.ts";
import { createLog } from "../platform/telemetry/log.ts";
import { keepRunning, type Program } from "./child.ts";
import { type Identities, identitiesIn } from "./identities.ts";

// Nearly all that the API allocates is garbage as soon as its request is answered. With V8's default of one to two MB for
// the young it collects hundreds of times a second; this costs 5 MB and saves a seventh of its processor time.
const apiFlags = ["--min-semi-space-size=8", "--max-semi-space-size=8"] as const;

const mainOf = (name: string): string => fileURLToPath(new URL(`../${name}/main.ts`, import.meta.url));

const log = createLog(logOptions(process.env, "orchestrator"));

// Every engine that there is, is reached by it. Which one the controller chooses is not known here.
const identities = ownIdentities(variable(process.env, "DOCKER_SOCKET", "/var/run/docker.sock"));
const programs: readonly Program[] = [
  { name: "api", file: mainOf("api"), flags: apiFlags, as: identities?.api },
  { name: "controller", file: mainOf("controller"), as: identities?.controller },
];

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => stop.abort(signal));
}

const runs = programs.map((program) =>
  keepRunning(program, stop.signal, (fall) => log.warn(fall, "a child ended; starting it again")),
);
await Promise.all(runs);

/** Only root can start a program as another user. Otherwise both programs have the rights of the user who started this one. */
function ownIdentities(socketPath: string): Identities | undefined {
  if (process.getuid?.() === 0)
    return identitiesIn(readFileSync("/etc/passwd", "utf8"), statSync(socketPath).gid);
  log.warn(
    {},
    "not started as root: the API can reach whatever the controller can, the engine's socket included",
  );
  return undefined;
}
