// How many bytes may be worked on at a time. What would be more waits, in the order of its arrival; what still fits goes first.

export class ByteBudget {
  readonly #most: number;
  readonly #waiting: { readonly bytes: number; readonly go: () => void }[] = [];
  #taken = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @returns undefined when there is room at once; something that is larger than all of it has room when it is alone */
  take(bytes: number): Promise<void> | undefined {
    if (this.#fits(bytes)) {
      this.#taken += bytes;
      return undefined;
    }
    return new Promise((go) => this.#waiting.push({ bytes, go }));
  }

  giveBack(bytes: number): void {
    this.#taken -= bytes;
    for (let i = 0; i < this.#waiting.length; ) {
      const next = this.#waiting[i];
      if (next !== undefined && this.#fits(next.bytes)) {
        this.#waiting.splice(i, 1);
        this.#taken += next.bytes;
        next.go();
      } else i += 1;
    }
  }

  #fits(bytes: number): boolean {
    return this.#taken === 0 || this.#taken + bytes <= this.#most;
  }
}
