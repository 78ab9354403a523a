// The two programs in the orchestrator's container: signals for one of them alone, and what the controller tells.
import { dbaas, docker, lines } from "./command.ts";
import { containers } from "./settings.ts";
import { found, notYet, until } from "./until.ts";

export type Signal = "KILL" | "STOP" | "CONT";

/** A process by its command line, which the searching shell's own must not match: hence the bracket. */
const processOf = (program: "api" | "controller"): string =>
  `/[${program.charAt(0)}]${program.slice(1)}/main.ts`;

const everyProcess = "for p in /proc/[0-9]*; do";

/** Its process id inside the container. */
export async function pidIn(program: "api" | "controller"): Promise<number> {
  const script = `${everyProcess} grep -qs '${processOf(program)}' $p/cmdline && echo \${p#/proc/}; done; true`;
  return Number(lines(await docker("exec", containers.orchestrator, "sh", "-c", script))[0]);
}

/** @returns whether there was one to signal: a killed program is away for a moment */
export async function signal(program: "api" | "controller", name: Signal): Promise<boolean> {
  const script = `${everyProcess} grep -qs '${processOf(program)}' $p/cmdline && kill -${name} \${p#/proc/} && echo \${p#/proc/}; done; true`;
  return lines(await docker("exec", containers.orchestrator, "sh", "-c", script)).length > 0;
}

/** Lines of the controller's log. */
export const controllerLog = async (): Promise<readonly string[]> => lines(await dbaas("logs"));

/** Waits for a line that was not there before. */
export const newLine = (before: readonly string[], pattern: RegExp, withinMs: number): Promise<string> =>
  until(`the controller logs ${pattern}`, withinMs, async () => {
    const added = (await controllerLog()).slice(before.length);
    const line = added.find((one) => pattern.test(one));
    return line === undefined ? notYet(added) : found(line);
  });
