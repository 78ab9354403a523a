// `wait`: returns once the controller reports what was asked for, as `kubectl wait` does, so that a script or a person needs
// no loop of looks. What stands in the status was seen at some time before: whatever already holds at the first look must
// still hold after the controller has certainly looked again. The cycle that ends next may have looked before the wait began; the
// one after it began when that had ended. No clock is asked: those of two hosts differ.
import { messageOf } from "../core/errors.ts";
import { formatDuration } from "../core/manifest/quantities.ts";
import { sleep, Wakeable } from "../platform/process/waiting.ts";
import { CliError, exitCodes } from "./exit.ts";
import { type Expectation, holds, told } from "./expectations.ts";
import type { Snapshot } from "./view.ts";

/** The part of ClusterView that is needed. */
export interface Watched {
  readonly look: () => Promise<Snapshot>;
  readonly onChange: (wake: () => void) => void;
  readonly ended: AbortSignal;
  readonly close: () => Promise<void>;
}

/** So many cycles that end after the first look: the last of them began after it. */
const cyclesEnough = 2;
const lookEveryMs = 500;
/** Nothing wakes for a cycle that saw nothing new. */
const lookForCycleEveryMs = 200;
const openAgainMs = 500;

/** @returns how things stand then. @throws CliError when the time is over, with how they stood last */
export async function waitFor(
  open: () => Promise<Watched>,
  expectations: readonly Expectation[],
  timeoutMs: number,
): Promise<string> {
  const startedAtMs = performance.now();
  const leftMs = () => startedAtMs + timeoutMs - performance.now();
  const seen: Seen = { last: null, otherwise: false, cycles: null };
  for (;;) {
    try {
      const view = await open();
      try {
        const found = await watch(view, expectations, seen, leftMs);
        if (found !== null) return found;
      } finally {
        await view.close();
      }
    } catch (error) {
      seen.last = new CliError(exitCodes.unreachable, messageOf(error));
    }
    if (leftMs() <= 0) throw overdue(seen.last, timeoutMs);
    await sleep(Math.min(openAgainMs, leftMs()));
  }
}

interface Seen {
  last: CliError | null;
  /** It did not hold at some look: the moment it does is a change that was waited for. */
  otherwise: boolean;
  /** Null before the first look. */
  cycles: { readonly last: string | undefined; readonly ended: number } | null;
}

/** How many have certainly ended since the first look. */
function cyclesEnded(seen: Seen, { cycle }: Snapshot): number {
  const { last, ended } = seen.cycles ?? { last: cycle, ended: 0 };
  const isLater = cycle !== undefined && cycle !== last;
  seen.cycles = { last: cycle ?? last, ended: isLater ? ended + 1 : ended };
  return seen.cycles.ended;
}

/** @returns null when the time is over, or the session */
async function watch(
  view: Watched,
  expectations: readonly Expectation[],
  seen: Seen,
  leftMs: () => number,
): Promise<string | null> {
  const changed = new Wakeable();
  view.onChange(() => changed.wake());
  while (!view.ended.aborted) {
    const snapshot = await view.look();
    const { status, controlled } = snapshot;
    const text = expectations.map((one) => `${told(one, status)}\n`).join("");
    const isMet = expectations.every((one) => holds(one, status));
    const cycles = cyclesEnded(seen, snapshot);
    const hasLooked = cycles >= cyclesEnough;
    if (isMet && controlled && (seen.otherwise || hasLooked)) return text;
    // Not for want of a controller: the one that comes next says at first what the last one said.
    if (!isMet) seen.otherwise = true;
    const asTold = isMet ? `${text.trimEnd()}; ${notSeenSince(cycles)}` : text.trimEnd();
    seen.last = new CliError(exitCodes.failed, controlled ? asTold : "no controller is acting");
    if (leftMs() <= 0) return null;
    await changed.wait(Math.min(isMet ? lookForCycleEveryMs : lookEveryMs, leftMs()), view.ended);
  }
  return null;
}

const notSeenSince = (cycles: number): string =>
  cycles === 0
    ? "but the controller has told of no further cycle since (one of an earlier version tells only of those that saw something new)"
    : "but the controller has not looked again since";

const overdue = (last: CliError | null, timeoutMs: number): CliError =>
  new CliError(
    last?.exitCode ?? exitCodes.failed,
    `not within ${formatDuration(timeoutMs)}: ${last?.message ?? "the session has ended"}`,
  );
