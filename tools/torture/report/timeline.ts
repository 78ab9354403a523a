// What happened when, told as it happens and kept for the report.
export interface Event {
  readonly atMs: number;
  readonly what: string;
}

export class Timeline {
  readonly events: Event[] = [];
  readonly #startedAtMs = performance.now();
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** Ms since the run began, by a clock that never jumps. */
  readonly nowMs = (): number => performance.now() - this.#startedAtMs;

  tell(what: string, atMs = this.nowMs()): void {
    this.events.push({ atMs, what });
    this.#print(inWords({ atMs, what }));
  }
}

export const inWords = ({ atMs, what }: Event): string => {
  const minutes = Math.floor(atMs / 60_000);
  const seconds = ((atMs % 60_000) / 1000).toFixed(2).padStart(5, "0");
  return `${String(minutes).padStart(3)}:${seconds}  ${what}`;
};
