// Starts the program that brings a copy forward by the log. It is a worker's work, with a worker's own code: a process of its own.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Replay, Replayed } from "../../core/rules/backups.ts";
import { CliError, exitCodes } from "../exit.ts";

const program = fileURLToPath(new URL("../../worker/replay/main.ts", import.meta.url));
const memoryMib = 192;

/** @throws CliError when the copy or the log cannot be read */
export function replayed(asked: Replay): Promise<Replayed> {
  const args = [`--max-old-space-size=${memoryMib}`, program, JSON.stringify(asked)];
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, args, (error, output, errors) => {
      process.off("exit", end);
      if (error === null) return resolve(JSON.parse(output) as Replayed);
      const why = errors.trim() || (error.signal == null ? error.message : `it was ended by ${error.signal}`);
      reject(new CliError(exitCodes.failed, `could not replay the log: ${why}; nothing was changed`));
    });
    const end = () => child.kill();
    process.once("exit", end);
  });
}
