// `-w`: prints again whenever something changed. On a terminal in place, into a pipe one after another. A session that ends is followed
// by another: what was printed is not printed again, and what came in between is in the first look.
import { TransientError } from "../core/errors.ts";
import { eventsBehind } from "../core/state/events.ts";
import type { EventRecord } from "../core/state/status.ts";
import { sleep, Wakeable } from "../platform/process/waiting.ts";
import { CliError, exitCodes } from "./exit.ts";
import { eventLine } from "./show.ts";
import type { Printer } from "./streams.ts";
import type { Watched } from "./wait.ts";

const clearScreen = "\u001b[2J\u001b[H";
/** Ages pass by themselves. */
const refreshMs = 2_000;
/** However fast things change, people read no faster. */
const restMs = 100;
const openAgainMs = 500;
/** Without a look for so long what was printed last says nothing any more. */
const blindMs = 30_000;

type Open = () => Promise<Watched>;

/** Prints again and again what is there, without end. @throws CliError when nothing can be seen any more */
export async function repeatedly(
  open: Open,
  print: (view: Watched) => Promise<string>,
  out: Printer,
): Promise<never> {
  let before = "";
  return watching(open, async (view) => {
    const text = await print(view);
    if (out.isTerminal) await out.print(`${clearScreen}${text}`);
    else if (text !== before) await out.print(`${text}\n`);
    before = text;
    await sleep(restMs);
  });
}

/** `events -w`: those there are, and then each as it comes, without end. @throws CliError when nothing can be seen any more */
export async function following(open: Open, out: Printer): Promise<never> {
  let known: readonly EventRecord[] = [];
  return watching(open, async (view) => {
    const { events } = await view.look();
    const added = eventsBehind(known, events);
    for (const event of added) await out.print(eventLine(event));
    if (added.length > 0) known = events;
  });
}

/** In one session after another. What cannot be seen at the first look is told at once. */
async function watching(open: Open, look: (view: Watched) => Promise<void>): Promise<never> {
  let seenAtMs = Number.NEGATIVE_INFINITY;
  for (;;) {
    const lost = await lookUntilLost(open, async (view) => {
      await look(view);
      seenAtMs = performance.now();
    });
    if (lost.exitCode !== exitCodes.unreachable || performance.now() - seenAtMs > blindMs) throw lost;
    await sleep(openAgainMs);
  }
}

/** @returns how it ended. @throws what is no matter of connections */
async function lookUntilLost(open: Open, look: (view: Watched) => Promise<void>): Promise<CliError> {
  try {
    const view = await open();
    try {
      const changed = new Wakeable();
      view.onChange(() => changed.wake());
      while (!view.ended.aborted) {
        await look(view);
        await changed.wait(refreshMs, view.ended);
      }
    } finally {
      await view.close();
    }
  } catch (error) {
    if (error instanceof CliError) return error;
    if (error instanceof TransientError) return lostConnection(error);
    throw error;
  }
  return lostConnection();
}

const lostConnection = (cause?: TransientError): CliError =>
  new CliError(exitCodes.unreachable, "lost the connection to ZooKeeper", { cause });
