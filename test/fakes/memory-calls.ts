// What a process has asked and not been answered yet.
import { TransientError } from "../../core/errors.ts";
import type { VirtualProcess } from "./virtual-process.ts";

const answerWithinMs = 10_000;

export class Calls {
  readonly #process: VirtualProcess;
  readonly #open = new Set<(error: Error) => void>();

  constructor(process: VirtualProcess) {
    this.#process = process;
  }

  /** They are answered no more. */
  fail(error: Error): void {
    for (const fail of [...this.#open]) fail(error);
  }

  /** A call and its answer, its failure with the connection, or its time. */
  made<T>(call: (resolve: (value: T) => void, reject: (error: Error) => void) => void): Promise<T> {
    if (!this.#process.step()) return new Promise(() => undefined);
    return new Promise((resolve, reject) => {
      const cancel = this.#process.after(answerWithinMs, () =>
        fail(new TransientError(`no answer within ${answerWithinMs} ms`)),
      );
      const settle = () => {
        cancel();
        this.#open.delete(fail);
      };
      const fail = (error: Error) => {
        settle();
        reject(error);
      };
      this.#open.add(fail);
      call((value) => {
        settle();
        resolve(value);
      }, fail);
    });
  }
}
