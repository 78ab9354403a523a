// The controller as the operating system sees it: a process, its log, its death.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../controller/main.ts", import.meta.url));

export class ControllerProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown[]>;
  #log = "";

  constructor(environment: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, [main], {
      env: { PATH: process.env.PATH ?? "", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#exited = once(this.#child, "exit");
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on("data", (chunk: Buffer) => {
        this.#log += chunk.toString();
      });
  }

  get log(): string {
    return this.#log;
  }

  get runs(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** @returns the exit code, null after a signal */
  async exit(): Promise<number | null> {
    await this.#exited;
    return this.#child.exitCode;
  }

  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    this.#child.kill(signal);
    await this.#exited;
  }
}
