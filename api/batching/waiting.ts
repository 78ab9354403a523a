// Requests that are not in any message yet, in the order in which they came.
import type { Pending } from "./pending.ts";

export class Waiting<P extends Pending> {
  #requests: P[] = [];

  get any(): boolean {
    return this.#requests.length > 0;
  }

  get count(): number {
    return this.#requests.length;
  }

  add(pending: P): void {
    this.#requests.push(pending);
  }

  /** @returns as many as fit into one message, at least one: the size of a single body was bounded before */
  takeBatch(itemsMax: number, bytesMax: number): readonly P[] {
    let bytes = 0;
    let count = 0;
    for (const pending of this.#requests) {
      bytes += pending.bytes;
      if (count === itemsMax || (count > 0 && bytes > bytesMax)) break;
      count += 1;
    }
    return this.#requests.splice(0, count);
  }

  takeExpired(nowMs: number): readonly P[] {
    const expired = this.#requests.filter(({ deadlineAtMs }) => deadlineAtMs <= nowMs);
    if (expired.length > 0)
      this.#requests = this.#requests.filter(({ deadlineAtMs }) => deadlineAtMs > nowMs);
    return expired;
  }
}
