// One scheduled backup: from a worker into the folder. It bears its name only once it was read through and is on the disk.
import { join } from "node:path";
import { TransientError } from "../../core/errors.ts";
import { backupName, roomRefusal, unfinishedName } from "../../core/rules/backups.ts";
import type { BackupFile } from "../../core/state/znodes.ts";
import { type Backup, type DonorPorts, openBackup } from "../cluster/backup.ts";
import type { Restoring } from "../cluster/restoring.ts";
import type { BackupFolder } from "./folder.ts";

export interface TakePorts extends DonorPorts {
  readonly cluster: string;
  readonly folder: BackupFolder;
  readonly restoring: Pick<Restoring, "attempt" | "look">;
}

/** @throws why there is none */
export async function takeBackup(
  ports: TakePorts,
  directory: string,
  signal: AbortSignal,
): Promise<BackupFile> {
  const { cluster, folder, clock, log } = ports;
  const unfinished = unfinishedName(cluster);
  const file = join(directory, unfinished);
  // What an earlier process has left there.
  await folder.remove(file);
  const { backup, donor } = await openBackup(ports, signal);
  try {
    const { position, bytes } = backup.head;
    // Not before it is known: the one before may have been larger by all that was restored, or lost, since.
    const refusal = roomRefusal(bytes, await folder.freeBytes(directory));
    if (refusal !== null) throw new TransientError(refusal);
    const taken = { atMs: clock.wallMs(), position };
    const name = backupName(cluster, taken);
    await folder.write(file, backup.chunks);
    await mustBeWhole(ports, file, backup, signal);
    await named(folder, directory, unfinished, name);
    log.info({ name, donor: donor.name, position, bytes }, "took a backup");
    return { name, ...taken, bytes };
  } finally {
    await backup.close();
    await folder.remove(file).catch(() => undefined);
  }
}

/** What is not for certain on the disk under its name would be left there by each further try. */
async function named(folder: BackupFolder, directory: string, from: string, to: string): Promise<void> {
  try {
    await folder.rename(directory, from, to);
  } catch (error) {
    await folder.remove(join(directory, to)).catch(() => undefined);
    throw error;
  }
}

async function mustBeWhole(
  { folder, restoring }: TakePorts,
  file: string,
  { head }: Backup,
  signal: AbortSignal,
): Promise<void> {
  const checked = await folder.check(file, signal);
  if (!checked.ok) throw new TransientError(checked.reason);
  if (checked.position !== head.position)
    throw new TransientError(`the file is of position ${checked.position}, not ${head.position}`);
  if (restoring.attempt !== undefined)
    throw new TransientError("a restore has begun meanwhile: the file may hold the half of it");
}
