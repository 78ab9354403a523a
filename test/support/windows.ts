// The windows in which reads are counted.
import type { WindowNode } from "../../core/state/znodes.ts";
import { seenWindow } from "../../tools/cluster/registry.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";

/** The controller of a busy machine comes to a window's end later. */
export const lateMs = 50_000;

/** Waits for a window that began after that: it has only begun. */
export const windowAfter = (atMs: number, windowMs: number): Promise<WindowNode> =>
  until("a new window has begun", windowMs + lateMs, async () => {
    const window = await seenWindow();
    return window !== null && window.startedAtMs > atMs ? found(window) : notYet(window);
  });

/** Waits until nothing was read for a whole window: what came before has no say any more. One has begun before. */
export async function quietWindow(windowMs: number): Promise<void> {
  let window = await windowAfter((await seenWindow())?.startedAtMs ?? 0, windowMs);
  while (window.demand?.reads !== 0) window = await windowAfter(window.startedAtMs, windowMs);
}
