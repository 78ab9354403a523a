// PURE: which of the scheduled backups a restore to a position or a moment can begin with on this host, and what is said of the others.
import { backupsFor, type Target } from "../../core/rules/backups.ts";
import type { BackupFile } from "../../core/state/znodes.ts";

/** This host, as the command finds it. */
export interface Here {
  /** Undefined where there is only one. */
  readonly host: string | undefined;
  readonly folder: string;
  /** What is in the folder; null where it cannot be read. */
  readonly names: ReadonlySet<string> | null;
}

/** Each the newest first. */
export interface Choice {
  /** To be tried in this order. */
  readonly here: readonly BackupFile[];
  /** Listed, and not in the folder. */
  readonly gone: readonly BackupFile[];
  readonly elsewhere: readonly BackupFile[];
}

/** One that does not say its host was told by an earlier version: it may be here. */
export const isElsewhere = (file: BackupFile, { host }: Here): boolean =>
  host !== undefined && file.host !== undefined && file.host !== host;

/** What is in the folder is here, also when it was copied from another host. */
export function choiceFrom(files: readonly BackupFile[], target: Target, at: Here): Choice {
  const { names } = at;
  const isHere = (file: BackupFile): boolean => names?.has(file.name) ?? !isElsewhere(file, at);
  const chosen = backupsFor(files, target);
  const others = chosen.filter((file) => !isHere(file));
  return {
    here: chosen.filter(
      (file, i) => isHere(file) && chosen.findIndex(({ name }) => name === file.name) === i,
    ),
    gone: others.filter((file) => !isElsewhere(file, at)),
    elsewhere: others.filter((file) => isElsewhere(file, at)),
  };
}

export const goneInWords = ({ name }: BackupFile, { host, folder }: Here): string =>
  `the backup ${name} is listed, but not in the folder ${folder}${host === undefined ? "" : ` of ${host}`}: it was removed, or another volume is there`;

export const elsewhereInWords = ({ name, host }: BackupFile): string =>
  `the backup ${name} is on ${host}: run the same there, or copy the file here and name it as well`;
