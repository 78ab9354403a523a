// Lets the nemesis hold the clients for a while: operations that are under way end, new ones wait.

export class Gate {
  #open = true;
  #inside = 0;
  #waiting: (() => void)[] = [];
  #empty: (() => void)[] = [];

  get isOpen(): boolean {
    return this.#open;
  }

  async pass<T>(work: () => Promise<T>): Promise<T> {
    while (!this.#open) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#inside += 1;
    try {
      return await work();
    } finally {
      this.#inside -= 1;
      if (this.#inside === 0) for (const tell of this.#empty.splice(0)) tell();
    }
  }

  /** Resolves once no client is inside. */
  async close(): Promise<void> {
    this.#open = false;
    if (this.#inside > 0) await new Promise<void>((resolve) => this.#empty.push(resolve));
  }

  open(): void {
    this.#open = true;
    for (const enter of this.#waiting.splice(0)) enter();
  }
}
