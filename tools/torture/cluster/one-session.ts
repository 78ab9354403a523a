// One ZooKeeper session for all who look, until it ends; then another. The native client does not bear many in one process, so it is
// one also when several ask at the same time.
import type { ZooKeeperSession } from "../../../platform/zookeeper/zookeeper.ts";

const failsMs = 8_000;

export class OneSession {
  readonly #open: () => Promise<ZooKeeperSession>;
  #failingSinceMs: number | null = null;
  #current: Promise<ZooKeeperSession> | null = null;

  constructor(open: () => Promise<ZooKeeperSession>) {
    this.#open = open;
  }

  get(): Promise<ZooKeeperSession> {
    this.#current = this.#after(this.#current);
    return this.#current;
  }

  async close(): Promise<void> {
    const opened = await this.#current?.catch(() => null);
    this.#current = null;
    opened?.close();
  }

  async #after(before: Promise<ZooKeeperSession> | null): Promise<ZooKeeperSession> {
    const opened = await before?.catch(() => null);
    if (opened && !opened.silent.aborted && (await this.#isOfUse(opened))) return opened;
    opened?.close();
    this.#failingSinceMs = null;
    return this.#open();
  }

  /** A session that gets no answer for longer than it lasts is given up, whatever it says of itself. */
  async #isOfUse(session: ZooKeeperSession): Promise<boolean> {
    try {
      await session.get("/");
      this.#failingSinceMs = null;
      return true;
    } catch {
      this.#failingSinceMs ??= performance.now();
      return performance.now() - this.#failingSinceMs < failsMs;
    }
  }
}
