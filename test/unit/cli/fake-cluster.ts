// A cluster as a command line sees it in one session after another. A test changes its state, and ends its sessions.
import type { Snapshot } from "../../../cli/view.ts";
import type { Watched } from "../../../cli/wait.ts";

export class FakeCluster {
  now: Snapshot;
  opened = 0;
  closed = 0;
  #wake = (): void => undefined;
  #session = new AbortController();

  constructor(now: Snapshot) {
    this.now = now;
  }

  readonly open = async (): Promise<Watched> => {
    this.opened += 1;
    this.#session = new AbortController();
    return {
      look: async () => {
        this.onLook();
        return this.now;
      },
      onChange: (wake) => {
        this.#wake = wake;
      },
      ended: this.#session.signal,
      close: async () => {
        this.closed += 1;
      },
    };
  };

  become(next: Snapshot): void {
    this.now = next;
    this.wake();
  }

  endSession(): void {
    this.#session.abort();
  }

  /** At each look; may refuse it by an exception. */
  protected onLook(): void {}

  protected wake(): void {
    this.#wake();
  }
}
