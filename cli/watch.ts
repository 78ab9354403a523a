// `-w`: prints again whenever something changed. On a terminal in place, into a pipe one after another.
import type { WriteStream } from "node:tty";
import { Wakeable } from "../protocol/waiting.ts";
import { CliError, exitCodes } from "./exit.ts";
import type { ClusterView } from "./view.ts";

const clearScreen = "\u001b[2J\u001b[H";
/** Ages pass by themselves. */
const refreshMs = 2_000;
/** However fast things change, people read no faster. */
const restMs = 100;

export async function repeatedly(
  view: ClusterView,
  print: () => Promise<string>,
  out: Pick<WriteStream, "write" | "isTTY">,
): Promise<void> {
  const changed = new Wakeable();
  view.onChange(() => changed.wake());
  let before = "";
  while (!view.ended.aborted) {
    const text = await print();
    if (out.isTTY) out.write(`${clearScreen}${text}`);
    else if (text !== before) out.write(`${text}\n`);
    before = text;
    await changed.wait(refreshMs, view.ended);
    await new Promise((resolve) => setTimeout(resolve, restMs));
  }
  throw new CliError(exitCodes.unreachable, "lost the connection to ZooKeeper");
}
