// db/backups: those that were taken by the manifest. db/backup: a whole copy of the running cluster as a file of SQLite. Its bytes go on as the client takes them, one backup at a time.
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { messageOf, Refusal } from "../../core/errors.ts";
import { noBackups } from "../../core/rules/backups.ts";
import { type BackupsNode, fromJson } from "../../core/state/znodes.ts";
import { type BackupTurn, type DonorPorts, openBackup } from "../cluster/backup.ts";
import { sendJson } from "./refusals.ts";
import { type Route, paths as routePaths } from "./routes.ts";
import type { Unsent } from "./unsent.ts";

export interface BackupPorts extends DonorPorts {
  readonly turn: BackupTurn;
  readonly unsent: Unsent;
  /** A client that takes nothing for so long is given up. */
  readonly takenWithinMs: number;
}

export const backupType = "application/vnd.sqlite3";

export function backupRoutes(ports: BackupPorts): readonly Route[] {
  const handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    if (req.method === "HEAD") return void res.writeHead(200, { "Content-Type": backupType }).end();
    const end = ports.turn.take();
    if (end === undefined) throw new Refusal("unavailable", "another backup is being made");
    try {
      await giveBackup(ports, res);
    } finally {
      end();
    }
  };
  return [
    { method: "get", path: routePaths.backup, handle },
    { method: "get", path: routePaths.backups, handle: (_req, res) => sendBackups(ports, res) },
  ];
}

/** The scheduled ones, as the API that takes them tells. */
async function sendBackups({ znodes, paths }: BackupPorts, res: ServerResponse): Promise<void> {
  const node = await znodes.get().get(paths.backups);
  const told = node === null ? null : fromJson<BackupsNode>(node.data);
  sendJson(res, { ...noBackups, ...told } satisfies BackupsNode);
}

async function giveBackup(ports: BackupPorts, res: ServerResponse): Promise<void> {
  const { log } = ports;
  const gone = new AbortController();
  res.once("close", () => gone.abort("the client is gone"));
  const { backup, donor } = await openBackup(ports, gone.signal);
  try {
    res.writeHead(200, {
      "Content-Type": backupType,
      "Content-Length": String(backup.head.bytes),
      "Content-Disposition": 'attachment; filename="backup.db"',
      "X-DBaaS-Position": String(backup.head.position),
      "X-DBaaS-Worker": donor.name,
    });
    for await (const chunk of backup.chunks) await send(ports, res, chunk, gone.signal);
    res.end();
  } catch (error) {
    // Less than was announced has gone out: the client knows that it is not whole.
    if (!gone.signal.aborted)
      log.warn({ donor: donor.name, reason: messageOf(error) }, "could not give a backup");
    res.destroy();
  } finally {
    await backup.close();
  }
}

async function send(
  { unsent, takenWithinMs }: BackupPorts,
  res: ServerResponse,
  chunk: Buffer,
  gone: AbortSignal,
): Promise<void> {
  if (res.write(chunk)) return;
  await once(res, "drain", { signal: AbortSignal.any([gone, AbortSignal.timeout(takenWithinMs)]) });
  unsent.moved(res);
}
