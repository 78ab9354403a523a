// SQLite takes no time of the world. A statement that is to take some says so in a text of its own: "slow 400" is 400 ms, in which it can
// be interrupted, as one can that looks through many rows.
import type { Extension, SqlValue } from "../../worker/disk.ts";
import { errorOf } from "../../worker/sqlite-errors.ts";
import type { VirtualProcess } from "./virtual-process.ts";

const interruptedCode = 9;
const said = /\bslow (\d+)\b/;

/** What a statement with this text, or with a value that has it, takes. */
export const slowText = (ms: number): string => `slow ${Math.round(ms)} `;

function msOf(params: readonly SqlValue[]): number {
  let ms = 0;
  for (const param of params)
    if (typeof param === "string" && param.includes("slow ")) ms += Number(said.exec(param)?.[1] ?? 0);
  return ms;
}

/** Those of one connection, which runs one after the other. */
export class SlowStatements {
  readonly #process: VirtualProcess;
  #running: AbortController | undefined;
  #interrupting = 0;

  constructor(process: VirtualProcess) {
    this.#process = process;
  }

  /** Resolves when a statement with these parameters is done. @throws InterruptedError */
  async take(params: readonly SqlValue[]): Promise<void> {
    const ms = msOf(params);
    if (ms === 0) return;
    const running = new AbortController();
    this.#running = running;
    if (this.#interrupting === 0) await this.#process.sleep(ms, running.signal);
    this.#running = undefined;
    if (this.#interrupting > 0 || running.signal.aborted)
      throw errorOf(Object.assign(new Error("interrupted"), { errno: interruptedCode }));
  }

  /** SQLite forgets one that finds no statement running. */
  interrupt(): void {
    this.#running?.abort();
  }

  keepInterrupting(): () => void {
    this.#interrupting += 1;
    this.interrupt();
    return () => {
      this.#interrupting -= 1;
    };
  }

  async limited<T>(ms: number, work: () => Promise<T>, extension?: Extension): Promise<T> {
    let stop: (() => void) | undefined;
    const interrupt = () => {
      stop = this.keepInterrupting();
    };
    let cancel = this.#process.after(ms, () => {
      if (extension?.isExtended() === true) cancel = this.#process.after(extension.byMs, interrupt);
      else interrupt();
    });
    try {
      return await work();
    } finally {
      cancel();
      stop?.();
    }
  }
}
