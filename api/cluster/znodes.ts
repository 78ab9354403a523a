// What the API needs of ZooKeeper, and the one way in which it watches a znode: a watch only wakes, and then the node is
// read as it stands.
import { Refusal } from "../../core/errors.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { Wakeable } from "../../platform/process/waiting.ts";
import type { NodeContent, WatchKind } from "../../platform/zookeeper/port.ts";

export interface Znodes {
  create(path: string, data: string, options?: { readonly sequential?: boolean }): Promise<string | null>;
  get(path: string): Promise<NodeContent | null>;
  set(path: string, data: string, version?: number): Promise<boolean>;
  put(path: string, data: string): Promise<void>;
  remove(path: string, version?: number): Promise<boolean>;
  children(path: string): Promise<readonly string[]>;
  sync(): Promise<void>;
  watch(kind: WatchKind, path: string, wake: () => void, scope?: AbortSignal): void;
}

/** The session of the moment, for requests that need one. */
export class CurrentZnodes {
  readonly #lack: () => Promise<string | null>;
  #znodes: Znodes | undefined;
  #asked: Promise<string | null> | undefined;

  /** @param lack why there is no session, in words; null where that is not known */
  constructor(lack: () => Promise<string | null> = async () => null) {
    this.#lack = lack;
  }

  /** What is missing while there is no session, and why. However many ask, it is found out once at a time. */
  async missing(): Promise<string> {
    this.#asked ??= this.#lack().finally(() => {
      this.#asked = undefined;
    });
    const why = await this.#asked;
    return `the coordination service${why === null ? "" : ` (${why})`}`;
  }

  get connected(): boolean {
    return this.#znodes !== undefined;
  }

  /** @throws Refusal when ZooKeeper cannot be reached */
  get(): Znodes {
    if (this.#znodes !== undefined) return this.#znodes;
    throw new Refusal("unavailable", "the coordination service cannot be reached at the moment");
  }

  set(znodes: Znodes | undefined): void {
    this.#znodes = znodes;
  }
}

/** Znodes, for as long as their session lasts. */
export interface Watched<Z extends Znodes = Znodes> {
  readonly znodes: Z;
  readonly clock: Clock;
  readonly scope: AbortSignal;
}

/** A change is also seen without its watch, only later. */
const resyncMs = 30_000;

/**
 * Looks once, and again after every change, until the scope ends.
 * @throws whatever `look` throws
 */
export async function keepLooking(
  { znodes, clock, scope }: Watched,
  kind: WatchKind,
  path: string,
  look: () => Promise<void>,
): Promise<void> {
  const changed = new Wakeable(clock);
  znodes.watch(kind, path, () => changed.wake(), scope);
  while (!scope.aborted) {
    await look();
    await changed.wait(resyncMs, scope);
  }
}
