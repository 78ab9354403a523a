// The controller ends a worker by the worker's znode where the engine cannot send a signal: the worker ends itself, at once, whatever
// it does at the moment.
import { messageOf } from "../../core/errors.ts";
import { type DrainNode, fromJson } from "../../core/state/znodes.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { ZnodeSession } from "../../platform/zookeeper/port.ts";

export interface EndSignalOptions {
  readonly path: string;
  /** What is meant for an earlier container of this name is not for this one. */
  readonly container: string;
  readonly end: (signal: NonNullable<DrainNode["signal"]>) => void;
  readonly log: Log;
}

/** Looks now, and at each change of the znode until the scope is over. */
export function endWhenTold(
  session: Pick<ZnodeSession, "get" | "watch">,
  { path, container, end, log }: EndSignalOptions,
  scope: AbortSignal,
): void {
  const look = async () => {
    try {
      const content = await session.get(path);
      const node = content === null ? null : fromJson<DrainNode>(content.data);
      if (node?.signal === undefined || node.container !== container) return;
      log.warn({ signal: node.signal }, "told to end by the controller");
      end(node.signal);
    } catch (error) {
      // ZooKeeper is away: when it comes back every watch fires again.
      log.debug({ reason: messageOf(error) }, "could not look whether to end");
    }
  };
  session.watch("node", path, () => void look(), scope);
  void look();
}
