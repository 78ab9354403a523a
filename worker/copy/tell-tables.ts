// Publishes what tables there are, for the command line and the status. Nothing waits for it, and a master that was replaced
// meanwhile leaves its successor's word alone.
import { messageOf } from "../../core/errors.ts";
import { fromJson, type TablesNode, toJson } from "../../core/state/znodes.ts";
import { sleep } from "../../platform/process/waiting.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { ZooKeeperSession } from "../../platform/zookeeper/zookeeper.ts";

type Session = Pick<ZooKeeperSession, "get" | "set" | "create">;

const retryMs = 1_000;

export function tellTables(
  session: Session,
  path: string,
  log: Log,
  signal: AbortSignal,
): (tables: TablesNode) => void {
  let newest: TablesNode | null = null;
  let isTelling = false;
  const tell = async (): Promise<void> => {
    if (isTelling) return;
    isTelling = true;
    while (newest !== null && !signal.aborted) {
      const tables = newest;
      try {
        if ((await put(session, path, tables)) && newest === tables) newest = null;
      } catch (error) {
        log.debug({ reason: messageOf(error) }, "could not tell what tables there are");
        await sleep(retryMs, signal);
      }
    }
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
