// `wait`: returns once the controller reports what was asked for, as `kubectl wait` does, so that a script or a person needs
// no loop of looks. What stands in the status was seen at some time before: whatever already holds at the first look must
// still hold after the controller has certainly looked again.
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

/** The controller looks once a second, and a little later it has told what it saw. */
export const steadyMs = 1_300;
const lookEveryMs = 500;
const openAgainMs = 500;

/** @returns how things stand then. @throws CliError when the time is over, with how they stood last */
export async function waitFor(
  open: () => Promise<Watched>,
  expectations: readonly Expectation[],
  timeoutMs: number,
): Promise<string> {
  const startedAtMs = performance.now();
  const leftMs = () => startedAtMs + timeoutMs - performance.now();
  const seen: Seen = { last: null, otherwise: false, startedAtMs };
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
  readonly startedAtMs: number;
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
    const { status, controlled } = await view.look();
    const text = expectations.map((one) => `${told(one, status)}\n`).join("");
    if (!controlled || !expectations.every((one) => holds(one, status))) {
      seen.otherwise = true;
      seen.last = new CliError(exitCodes.failed, controlled ? text.trimEnd() : "no controller is acting");
    } else if (seen.otherwise || performance.now() - seen.startedAtMs >= steadyMs) return text;
    if (leftMs() <= 0) return null;
    await changed.wait(Math.min(lookEveryMs, leftMs()), view.ended);
  }
  return null;
}

const overdue = (last: CliError | null, timeoutMs: number): CliError =>
  new CliError(
    last?.exitCode ?? exitCodes.failed,
    `not within ${formatDuration(timeoutMs)}: ${last?.message ?? "it holds, but not for long enough"}`,
  );
