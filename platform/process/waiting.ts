// Waiting with a deadline. Nothing in this system waits without one.
import { TransientError } from "../../core/errors.ts";

/** Resolves after `ms`, or at once when the signal fires: callers look at the signal, they need no exception. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
  });
}

/** Resolves when the signal fires. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** Runs once after `ms`. @returns what prevents that */
export function after(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}

/** @throws TransientError `what: no answer within N ms`; the promise itself goes on, its result is dropped */
export async function within<T>(
  promise: Promise<T>,
  ms: number,
  what: string,
  clock: { readonly after: typeof after } = { after },
): Promise<T> {
  let cancel: (() => void) | undefined;
  const deadline = new Promise<never>((_, reject) => {
    cancel = clock.after(ms, () => reject(new TransientError(`${what}: no answer within ${ms} ms`)));
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    cancel?.();
  }
}

/** @throws the signal's reason when it fires first */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  const abort = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, abort]);
  } finally {
    if (onAbort) signal.removeEventListener("abort", onAbort);
  }
}

/** A wake-up that is remembered: `wait` returns at once when `wake` came before it. */
export class Wakeable {
  readonly #time: { readonly sleep: typeof sleep };
  #woken = false;
  #resolve: (() => void) | undefined;

  constructor(time: { readonly sleep: typeof sleep } = { sleep }) {
    this.#time = time;
  }

  wake(): void {
    this.#woken = true;
    this.#resolve?.();
  }

  /** Returns after a wake, after `ms`, or when the signal fires. */
  async wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (!this.#woken && !signal?.aborted) {
      // Not AbortSignal.any: on a signal that lives long it costs more than all the rest of a wait.
      const waiting = new AbortController();
      // With a reason of its own: making the standard one takes a stack trace.
      const end = () => waiting.abort("woken");
      this.#resolve = end;
      signal?.addEventListener("abort", end, { once: true });
      await this.#time.sleep(ms, waiting.signal);
      signal?.removeEventListener("abort", end);
      this.#resolve = undefined;
    }
    this.#woken = false;
  }
}

/** Runs `work` with a signal that fires after `ms`, with any of `scopes`, or by `giveUp`; then lets go of all of them. */
export async function bounded<T>(
  time: { readonly sleep: typeof sleep },
  ms: number,
  scopes: readonly AbortSignal[],
  work: (signal: AbortSignal, giveUp: (reason: unknown) => void) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const released = new AbortController();
  const giveUp = (reason: unknown) => ending.abort(reason);
  for (const scope of scopes) {
    if (scope.aborted) giveUp(scope.reason);
    scope.addEventListener("abort", () => giveUp(scope.reason), { once: true, signal: released.signal });
  }
  void time.sleep(ms, released.signal).then(() => {
    if (!released.signal.aborted) giveUp(new TransientError(`no answer within ${ms} ms`));
  });
  try {
    return await work(ending.signal, giveUp);
  } finally {
    released.abort("released");
  }
}
