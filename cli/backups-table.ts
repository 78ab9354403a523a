// PURE: the scheduled backups as a table.
import { formatSize } from "../core/manifest/quantities.ts";
import type { BackupsNode } from "../core/state/znodes.ts";
import { age } from "./ages.ts";
import { table } from "./table.ts";

export function backupsTable({ files, lastGood, failure }: BackupsNode, nowMs: number): string {
  const list =
    files.length === 0
      ? "no scheduled backups\n"
      : table(
          ["NAME", "TAKEN (UTC)", "AGE", "POSITION", "SIZE", ""],
          files.map(({ name, atMs, position, bytes }) => [
            name,
            new Date(atMs).toISOString().slice(0, 19).replace("T", " "),
            age(atMs, nowMs),
            position,
            formatSize(bytes),
            name === lastGood?.name ? "the last good one" : "",
          ]),
        );
  return failure === null
    ? list
    : `${list}\nThe last try failed ${age(failure.atMs, nowMs)} ago: ${failure.reason}\n`;
}
