// Commands of the host itself, as root, inside the namespaces of a container.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);
/** Some copy what a broker keeps, on a disk that others write to as well. */
const withinMs = 60_000;

export async function host(file: string, ...args: string[]): Promise<string> {
  const { stdout } = await execute(file, args, { timeout: withinMs });
  return stdout;
}

export const inNetworkOf = (pid: number, ...command: string[]): Promise<string> =>
  host("nsenter", "--target", String(pid), "--net", ...command);

export const inMountsOf = (pid: number, ...command: string[]): Promise<string> =>
  host("nsenter", "--target", String(pid), "--mount", "--pid", ...command);
