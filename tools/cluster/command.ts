// Runs commands of the host: docker, and ./dbaas for the tests' cluster.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { environment, rootDir } from "./settings.ts";

const execute = promisify(execFile);

const outputBytesMax = 64 * 1024 * 1024;
const dockerMs = 60_000;
const dbaasMs = 240_000;

/** @throws when it exits with another code than 0 or takes too long, with what it wrote */
async function run(
  file: string,
  args: readonly string[],
  timeout: number,
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  try {
    const { stdout } = await execute(file, args, {
      timeout,
      maxBuffer: outputBytesMax,
      env: { ...process.env, ...environment, ...more },
    });
    return stdout;
  } catch (error) {
    const { code, stdout = "", stderr = "" } = error as { code?: unknown; stdout?: string; stderr?: string };
    throw new Error(`${file} ${args.join(" ")} (${code}): ${stdout.slice(-2000)}${stderr.slice(-2000)}`);
  }
}

export const docker = (...args: string[]): Promise<string> => run("docker", args, dockerMs);

export const dbaas = (...args: string[]): Promise<string> => run(join(rootDir, "dbaas"), args, dbaasMs);

/** With variables besides those of the tests' cluster. */
export const dbaasWith = (more: Readonly<Record<string, string>>, ...args: string[]): Promise<string> =>
  run(join(rootDir, "dbaas"), args, dbaasMs, more);

export const lines = (output: string): readonly string[] => output.split("\n").filter((line) => line !== "");
