// Publishes what tables there are, for the command line and the status. Nothing waits for it, and a master that was replaced
// meanwhile leaves its successor's word alone.
import { messageOf } from "../../core/errors.ts";
import { fromJson, type TablesNode, toJson } from "../../core/state/znodes.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { type RetryPolicy, retry } from "../../platform/process/retry.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { ZnodeSession } from "../../platform/zookeeper/port.ts";

type Session = Pick<ZnodeSession, "get" | "set" | "create">;

const policy: RetryPolicy = { firstMs: 1_000, maxMs: 1_000, healthyAfterMs: Number.POSITIVE_INFINITY };

export function tellTables(
  session: Session,
  path: string,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
): (tables: TablesNode) => void {
  let newest: TablesNode | null = null;
  let isTelling = false;
  const tell = async (): Promise<void> => {
    if (isTelling) return;
    isTelling = true;
    const attempt = async () => {
      while (newest !== null && !signal.aborted) {
        const tables = newest;
        if ((await put(session, path, tables)) && newest === tables) newest = null;
      }
    };
    const onFailure = ({ error }: { readonly error: unknown }) =>
      log.debug({ reason: messageOf(error) }, "could not publish the list of tables");
    await retry({ policy, clock, attempt, onFailure }, signal);
    isTelling = false;
  };
  return (tables) => {
    newest = tables;
    void tell();
  };
}

/** @returns false when another has written meanwhile: then it is to be looked at again */
async function put(session: Session, path: string, tables: TablesNode): Promise<boolean> {
  const present = await session.get(path);
  if (present === null) return (await session.create(path, toJson(tables))) !== null;
  const epoch = fromJson<TablesNode>(present.data)?.epoch ?? 0;
  return epoch > tables.epoch || session.set(path, toJson(tables), present.stat.version);
}
