// `-w`: prints again whenever something changed. On a terminal in place, into a pipe one after another.
import type { EventRecord } from "../core/state/status.ts";
import { Wakeable } from "../platform/process/waiting.ts";
import { CliError, exitCodes } from "./exit.ts";
import { eventLine } from "./show.ts";
import type { Printer } from "./streams.ts";
import type { Watched } from "./wait.ts";

const clearScreen = "\u001b[2J\u001b[H";
/** Ages pass by themselves. */
const refreshMs = 2_000;
/** However fast things change, people read no faster. */
const restMs = 100;

export async function repeatedly(view: Watched, print: () => Promise<string>, out: Printer): Promise<void> {
  const changed = new Wakeable();
  view.onChange(() => changed.wake());
  let before = "";
  while (!view.ended.aborted) {
    const text = await print();
    if (out.isTerminal) await out.print(`${clearScreen}${text}`);
    else if (text !== before) await out.print(`${text}\n`);
    before = text;
    await changed.wait(refreshMs, view.ended);
    await new Promise((resolve) => setTimeout(resolve, restMs));
  }
  throw new CliError(exitCodes.unreachable, "lost the connection to ZooKeeper");
}

/** `events -w`: those there are, and then each as it comes, without end. */
export async function following(view: Watched, out: Printer): Promise<void> {
  const changed = new Wakeable();
  view.onChange(() => changed.wake());
  let told = 0;
  while (!view.ended.aborted) {
    const { events } = await view.look();
    for (const event of newerThan(told, events)) await out.print(eventLine(event));
    told = events.at(-1)?.atMs ?? told;
    await changed.wait(refreshMs, view.ended);
  }
  throw new CliError(exitCodes.unreachable, "lost the connection to ZooKeeper");
}

/** Those of one cycle bear one time and are written at once. */
const newerThan = (atMs: number, events: readonly EventRecord[]): readonly EventRecord[] =>
  events.filter((event) => event.atMs > atMs);
