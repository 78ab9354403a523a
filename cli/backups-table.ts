// PURE: the scheduled backups as a table.
import { formatSize } from "../core/manifest/quantities.ts";
import type { BackupFile, BackupsNode } from "../core/state/znodes.ts";
import { age } from "./ages.ts";
import { table } from "./table.ts";

export function backupsTable({ files, lastGood, failure }: BackupsNode, nowMs: number): string {
  const isOnSeveralHosts = files.some(({ host }) => host !== undefined);
  const isLast = ({ name, host }: BackupFile): boolean =>
    name === lastGood?.name && (lastGood.host === undefined || host === lastGood.host);
  const list =
    files.length === 0
      ? "no scheduled backups\n"
      : table(
          ["NAME", "TAKEN (UTC)", "AGE", "POSITION", "SIZE", ...(isOnSeveralHosts ? ["HOST"] : []), ""],
          files.map((file) => [
            file.name,
            new Date(file.atMs).toISOString().slice(0, 19).replace("T", " "),
            age(file.atMs, nowMs),
            file.position,
            formatSize(file.bytes),
            ...(isOnSeveralHosts ? [file.host] : []),
            isLast(file) ? "the last good one" : "",
          ]),
        );
  return failure === null
    ? list
    : `${list}\nThe last try failed ${age(failure.atMs, nowMs)} ago: ${failure.reason}\n`;
}
