// Points at which a test can let the controller die, to show that it survives its own death anywhere. Without being asked
// for by the environment every one of them does nothing.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** `before-<action>` and `after-<action>` for every kind of action, and some points within an action. */
export type Failpoint = (name: string) => void | Promise<void>;

export const noFailpoint: Failpoint = () => undefined;

const killedExitCode = 137;

/** Ends the process once at each named point: a file remembers across restarts that it has happened. */
export function failpointsIn(
  names: string,
  directory: string,
  exit: (code: number) => void = process.exit,
): Failpoint {
  const armed = new Set(names.split(",").filter((name) => name !== ""));
  return (name) => {
    if (!armed.delete(name)) return;
    const mark = join(directory, `dbaas-failpoint-${name}`);
    if (existsSync(mark)) return;
    writeFileSync(mark, "");
    exit(killedExitCode);
  };
}
