// What a program has handed to a connection and no broker has taken yet: it is in the memory of the program, which must bound it.

/** The programs bound what they have on its way at half a MiB, and answers at 8 MiB, of which nobody here asks for that many. */
const bytesMax = 4 * 1024 * 1024;

export class Outgoing {
  readonly #onTooMuch: (bytes: number) => void;
  #bytes = 0;

  constructor(onTooMuch: (bytes: number) => void) {
    this.#onTooMuch = onTooMuch;
  }

  /** @returns to be called when the broker has it */
  add(bytes: number): () => void {
    const before = this.#bytes;
    this.#bytes += bytes;
    if (before <= bytesMax && this.#bytes > bytesMax) this.#onTooMuch(this.#bytes);
    return () => {
      this.#bytes -= bytes;
    };
  }
}
