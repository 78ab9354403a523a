// PURE: scheduled backups: what their files are called, when the next one is due, whether there is room for it, which of them go, which are
// on other hosts, and which one a restore to a position or a moment begins with.
import type { BackupSpec } from "../manifest/manifest.ts";
import { formatSize } from "../manifest/quantities.ts";
import type { BackupFile, BackupsNode } from "../state/znodes.ts";

/** What a file is called says whose it is, of which moment and of which position, so that it can be told without being opened. */
export const backupName = (cluster: string, { atMs, position }: Pick<BackupFile, "atMs" | "position">) =>
  `${cluster}_${new Date(atMs).toISOString().replaceAll(":", "-")}_${position}.db`;

const nameForm = /^(.+)_(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d\.\d{3}Z)_(\d{1,16})\.db$/;

/** @returns null for a file that is no backup of this cluster */
export function backupOf(cluster: string, name: string): Omit<BackupFile, "bytes"> | null {
  const [, whose, hour, minute, second, position] = nameForm.exec(name) ?? [];
  const atMs = Date.parse(`${hour}:${minute}:${second}`);
  return whose === cluster && !Number.isNaN(atMs) ? { name, atMs, position: Number(position) } : null;
}

/** While it is written. The dot keeps it from those who look only for backups. */
export const unfinishedName = (cluster: string): string => `.${cluster}_unfinished.db`;

export const noBackups: BackupsNode = {
  directory: null,
  files: [],
  lastGood: null,
  failure: null,
  failures: 0,
  failuresInARow: 0,
};

/** After a failure. */
const tryAgain = { firstMs: 10_000, maxMs: 600_000 } as const;
const doublingsMax = 16;

/** In how many ms the next one is to be taken, by the clock that the nodes' moments are of; 0 and below: now. */
export function nextBackupInMs(
  { lastGood, failure, failuresInARow }: BackupsNode,
  everyMs: number,
  wallMs: number,
): number {
  if (failure !== null) {
    const doublings = Math.min(failuresInARow - 1, doublingsMax);
    const pauseMs = Math.min(everyMs, tryAgain.maxMs, tryAgain.firstMs * 2 ** doublings);
    return pausedMs(failure.atMs, pauseMs, wallMs);
  }
  return lastGood === null ? 0 : pausedMs(lastGood.atMs, everyMs, wallMs);
}

/** What is yet to come was told by a clock that was put back since: how long ago it was, nobody knows. */
const pausedMs = (atMs: number, pauseMs: number, wallMs: number): number =>
  atMs > wallMs ? 0 : atMs + pauseMs - wallMs;

const mebibyte = 1024 * 1024;
/** Others may write to the disk meanwhile, the database itself among them: a backup does not take the last of it. */
const roomLeft = { share: 1 / 16, bytesMin: mebibyte } as const;

/**
 * @param bytes what the backup takes
 * @param freeBytes of the disk that it goes to; null where that is not known
 * @returns why it is not begun; null where there is room for it, or may be
 */
export function roomRefusal(bytes: number, freeBytes: number | null): string | null {
  const needed = bytes + Math.max(roomLeft.bytesMin, Math.ceil(bytes * roomLeft.share));
  if (freeBytes === null || freeBytes >= needed) return null;
  return `no room for a backup: it needs ${wholeMebibytes(Math.ceil(needed / mebibyte))}, and the disk has ${wholeMebibytes(Math.floor(freeBytes / mebibyte))} left; the older ones stay`;
}

const wholeMebibytes = (count: number): string =>
  count === 0 ? "less than 1Mi" : formatSize(count * mebibyte);

const newestFirst = <F extends Omit<BackupFile, "bytes">>(files: readonly F[]): readonly F[] =>
  files.toSorted((a, b) => b.atMs - a.atMs || b.position - a.position);

export interface Sorted {
  /** The newest first. */
  readonly kept: readonly BackupFile[];
  /** Beyond `keep`, the oldest ones. */
  readonly superfluous: readonly BackupFile[];
  /**
   * Of those that are kept, and beside the number of them: all that hold more than the last good one. Positions only grow, so these are of
   * before all data was lost, and perhaps the only ones that have it.
   */
  readonly ofAnother: readonly BackupFile[];
}

/** The last good one always stays. */
export function sorted(files: readonly BackupFile[], keep: number, lastGood: BackupFile): Sorted {
  const last = files.filter(({ name }) => name === lastGood.name);
  const others = newestFirst(files.filter(({ name }) => name !== lastGood.name));
  const ofAnother = others.filter(({ position }) => position > lastGood.position);
  const usual = others.filter(({ position }) => position <= lastGood.position);
  const staying = Math.max(0, keep - last.length);
  return {
    kept: newestFirst([...last, ...usual.slice(0, staying), ...ofAnother]),
    superfluous: usual.slice(staying),
    ofAnother,
  };
}

/** What one host knows beside what is in its own folder. */
export interface Elsewhere {
  /** The one whose folder was looked into; undefined where there is one host. */
  readonly host: string | undefined;
  readonly keep: number;
  readonly lastGood: BackupFile;
  /** Those of the cluster, also those that are away; none where that is not known. */
  readonly hosts: readonly string[];
}

/**
 * The whole list once a host has looked into its folder. Of another host it has what that one told of its own folder: while a host is
 * away nobody sees its files, and they are there. They leave the list as they will leave the folder, beyond `keep`, and with a
 * host that is none of the cluster's any more. Those of an unknown host, told by an earlier version, make room for this one's.
 */
export function listed(
  own: readonly BackupFile[],
  before: readonly BackupFile[],
  { host, keep, lastGood, hosts }: Elsewhere,
): readonly BackupFile[] {
  if (host === undefined) return own;
  const names = new Set(own.map(({ name }) => name));
  const others = before.filter((file) =>
    file.host === undefined
      ? !names.has(file.name)
      : file.host !== host && (hosts.length === 0 || hosts.includes(file.host)),
  );
  const kept = [...new Set(others.map((file) => file.host))].flatMap((of) => {
    const room = of === undefined ? Math.max(0, keep - own.length) : keep;
    const its = others.filter((file) => file.host === of);
    return sorted(its, room, lastGood).kept;
  });
  return newestFirst([...own, ...kept]);
}

export type BackupStanding =
  | { readonly kind: "recent"; readonly last: BackupFile }
  | { readonly kind: "none" }
  | { readonly kind: "failed"; readonly why: string; readonly last: BackupFile | null }
  | { readonly kind: "old"; readonly last: BackupFile };

/** So far ahead of the controller's the clock of the API may be that took it; one of still later is of a clock that was put back. */
const clocksApartMs = 10_000;

/** Null where the manifest asks for none. */
export function backupStanding(
  node: BackupsNode | null,
  spec: BackupSpec | undefined,
  wallMs: number,
): BackupStanding | null {
  if (spec === undefined || spec.everyMs === null) return null;
  const { lastGood, failure } = node ?? noBackups;
  if (failure !== null) return { kind: "failed", why: failure.reason, last: lastGood };
  if (lastGood === null) return { kind: "none" };
  const ageMs = wallMs - lastGood.atMs;
  return ageMs > 2 * spec.everyMs || ageMs < -clocksApartMs
    ? { kind: "old", last: lastGood }
    : { kind: "recent", last: lastGood };
}

/** What a restore is to end at: the state at a position, or after all that was written up to a moment. */
export type Target = { readonly position: number } | { readonly momentMs: number };

/** What the program that brings a copy there is asked for. */
export interface Replay {
  /** With the copy, as `data.db`. */
  readonly directory: string;
  readonly target: Target;
  /** The log holds so much for certain. */
  readonly endPosition: number;
}

/** What it says came of it. */
export type Replayed =
  /** @property atMs when the last record was written that was applied; undefined where there was none to apply */
  | { readonly ok: true; readonly position: number; readonly atMs?: number }
  /** The log does not go on where the copy stands. @property log where it begins */
  | { readonly ok: false; readonly kind: "apart"; readonly why: string; readonly log: LogStart | null }
  /** The copy holds something of a later moment. */
  | { readonly ok: false; readonly kind: "later" };

export interface LogStart {
  readonly position: number;
  readonly atMs: number;
}

/**
 * Those that do not hold more than it shall, in the order in which they are to be tried. The newest first by their moments: one of before
 * all data was lost may be of a higher position, and leads nowhere.
 */
export const backupsFor = <F extends Omit<BackupFile, "bytes">>(
  files: readonly F[],
  target: Target,
): readonly F[] =>
  newestFirst(
    files.filter(({ atMs, position }) =>
      "position" in target ? position <= target.position : atMs <= target.momentMs,
    ),
  );
