// How far a long command is: a line that is written anew on a terminal, and nothing elsewhere.
import { errors } from "../streams.ts";

const everyMs = 200;
const barColumns = 24;

/** PURE in its values: one line of it. */
function progressLine(what: string, done: number, all: number | undefined, unit: string): string {
  const shown = (count: number): string => count.toLocaleString("en");
  if (all === undefined || all === 0) return `${what}: ${shown(done)} ${unit}`;
  const share = Math.min(1, done / all);
  const full = Math.floor(share * barColumns);
  const bar = `${"#".repeat(full)}${"-".repeat(barColumns - full)}`;
  return `${what}: [${bar}] ${Math.floor(share * 100)}% ${shown(done)} of ${shown(all)} ${unit}`;
}

export class Progress {
  readonly #what: string;
  readonly #all: number | undefined;
  readonly #unit: string;
  readonly #isShown: boolean;
  #done = 0;
  #shownAtMs = 0;

  constructor(
    what: string,
    all: number | undefined,
    unit = "rows",
    isShown = process.stderr.isTTY || process.env.DBAAS_PROGRESS === "1",
  ) {
    this.#what = what;
    this.#all = all;
    this.#unit = unit;
    this.#isShown = isShown;
  }

  get done(): number {
    return this.#done;
  }

  async add(count: number): Promise<void> {
    this.#done += count;
    const nowMs = performance.now();
    if (!this.#isShown || nowMs - this.#shownAtMs < everyMs) return;
    this.#shownAtMs = nowMs;
    await errors.print(`\r${progressLine(this.#what, this.#done, this.#all, this.#unit)}\u001b[K`);
  }

  /** Clears the line. */
  async end(): Promise<void> {
    if (this.#isShown) await errors.print("\r\u001b[K");
  }
}
