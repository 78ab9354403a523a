// Requests that wait: those that are not in any message yet, in the order in which they came, and those of a batch that was sent
// and is not wholly answered yet.
import type { Pending, Placed } from "./pending.ts";

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

export class InFlight<P extends Pending> {
  readonly id: string;
  readonly sentAtMs: number;
  /** 2 once its requests may have cost a worker: they then travel alone, so that a bad one takes no other with it. */
  attempt: 1 | 2 = 1;
  /** How often it was sent. */
  publications = 0;
  /** When it was sent first, or when the last of its answers so far came. */
  movedAtMs: number;
  readonly #waiting: (P | undefined)[];
  #unanswered: number;
  readonly #firstDeadlineAtMs: number;

  constructor(id: string, requests: readonly P[], sentAtMs: number) {
    this.id = id;
    this.sentAtMs = sentAtMs;
    this.movedAtMs = sentAtMs;
    this.#waiting = [...requests];
    this.#unanswered = requests.length;
    this.#firstDeadlineAtMs = requests.reduce(
      (first, { deadlineAtMs }) => Math.min(first, deadlineAtMs),
      Infinity,
    );
  }

  /** How many requests it was made of. */
  get size(): number {
    return this.#waiting.length;
  }

  /** How many of them are not answered yet. */
  get rest(): number {
    return this.#unanswered;
  }

  get done(): boolean {
    return this.#unanswered === 0;
  }

  /** @returns undefined when nobody waits at that place (any more) */
  take(index: number): P | undefined {
    const pending = this.#waiting[index];
    if (pending === undefined) return undefined;
    this.#waiting[index] = undefined;
    this.#unanswered -= 1;
    return pending;
  }

  unanswered(): readonly Placed<P>[] {
    const placed: Placed<P>[] = [];
    this.#waiting.forEach((pending, index) => {
      if (pending !== undefined) placed.push({ index, pending });
    });
    return placed;
  }

  takeExpired(nowMs: number): readonly P[] {
    if (nowMs < this.#firstDeadlineAtMs) return [];
    const expired = this.unanswered().filter(({ pending }) => pending.deadlineAtMs <= nowMs);
    return expired.map(({ index }) => this.take(index)).filter((pending) => pending !== undefined);
  }
}
