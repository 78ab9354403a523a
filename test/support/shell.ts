// One bash that carries out commands one after another, as a person at a terminal does: variables stay.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface Ran {
  readonly code: number;
  /** Of both streams, in their order. */
  readonly output: string;
}

const endMark = "the-command-is-over";

export class Shell {
  readonly #child;
  readonly #lines;

  constructor(cwd: string, env: NodeJS.ProcessEnv) {
    // A group of its own, so that what hangs in it can be ended with it.
    this.#child = spawn("bash", [], { cwd, env, stdio: ["pipe", "pipe", "inherit"], detached: true });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** @throws when it takes too long; the shell is over then */
  async run(command: string, withinMs: number): Promise<Ran> {
    let overdue = false;
    const timer = setTimeout(() => {
      overdue = true;
      this.#kill();
    }, withinMs);
    try {
      this.#child.stdin.write(`{ ${command}\n} </dev/null 2>&1; echo; echo "${endMark} $?"\n`);
      const output: string[] = [];
      for (;;) {
        const { value, done } = await this.#lines.next();
        const code = new RegExp(`^${endMark} (\\d+)$`).exec(value ?? "")?.[1];
        if (code !== undefined) return { code: Number(code), output: output.join("\n") };
        if (done) throw new Error(`${overdue ? "took too long" : "the shell ended"}:\n${output.join("\n")}`);
        output.push(value);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.stdin.end();
    await once(this.#child, "exit");
  }

  #kill(): void {
    if (this.#child.pid !== undefined) process.kill(-this.#child.pid, "SIGKILL");
  }
}
