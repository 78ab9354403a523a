// `restore --to-position`, `--to-moment`: the newest backup before it is brought there by the records of the log, in a copy that nobody
// else sees; what comes of it is restored like any backup. Nothing of the cluster is changed before that copy is there.
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { copyFile, mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { messageOf } from "../../core/errors.ts";
import type { Replayed, Target } from "../../core/rules/backups.ts";
import type { BackupFile, BackupsNode } from "../../core/state/znodes.ts";
import { CliError, exitCodes } from "../exit.ts";
import { givenInput } from "../streams.ts";
import { type Choice, choiceFrom, elsewhereInWords, goneInWords, type Here, isElsewhere } from "./choice.ts";
import { replayed } from "./replaying.ts";
import { type Restoring, restore } from "./restore.ts";

type Failed = Extract<Replayed, { readonly ok: false }>;
type Reached = Extract<Replayed, { readonly ok: true }>;

const momentForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;

/** @throws CliError when they are not one position or one moment */
export function targetOf(options: { readonly toPosition?: string; readonly toMoment?: string }): Target {
  const { toPosition, toMoment } = options;
  if (toPosition !== undefined && toMoment !== undefined)
    throw new CliError(exitCodes.usage, "restore takes --to-position or --to-moment, not both");
  if (toPosition !== undefined) {
    if (!/^\d{1,15}$/.test(toPosition))
      throw new CliError(exitCodes.usage, `a position is a whole number, not ${toPosition}`);
    return { position: Number(toPosition) };
  }
  const momentMs = momentForm.test(toMoment ?? "") ? Date.parse(toMoment ?? "") : Number.NaN;
  if (Number.isNaN(momentMs))
    throw new CliError(
      exitCodes.usage,
      `a moment is written as 2026-11-27T10:00:00Z, or with +01:00 in the place of Z, not ${toMoment}`,
    );
  return { momentMs };
}

const inWords = (target: Target): string =>
  "position" in target ? `position ${target.position}` : momentOf(target.momentMs);

const momentOf = (ms: number): string => new Date(ms).toISOString();

/** Where the images have the folder of backups. */
const usualDirectory = "/backups";

/**
 * @param file `-` is what this process is given to read; undefined: one of the scheduled backups
 * @param how with the host that this process runs on; undefined where there is only one
 */
export async function restoreTo(
  restoring: Restoring,
  target: Target,
  file: string | undefined,
  how: { readonly replace: boolean; readonly host?: string | undefined },
  replay = replayed,
): Promise<void> {
  const { service, out, warn } = restoring;
  const broken = await service.restoreUnderWay();
  const endPosition = await (broken === null ? service : service.within(broken.attempt)).position();
  const backups = await service.backups();
  const at = await here(backups.directory ?? usualDirectory, how.host);
  mustBeReached(target, endPosition, file ?? backups, at);
  const chosen = file === undefined ? chosenFrom(backups, target, endPosition, at) : undefined;
  const directory = await scratchIn(at.folder);
  // Broken off, this process does not come to the end of this function.
  const tidy = () => rmSync(directory, { recursive: true, force: true });
  process.once("exit", tidy);
  try {
    const copy = join(directory, "data.db");
    const sources = chosen === undefined ? [oneGiven(file ?? "", copy)] : scheduled(chosen, at.folder, copy);
    if (chosen !== undefined) await warnOfGone(chosen, at, warn);
    const tried = await firstThatLeads(sources, directory, () => replay({ directory, target, endPosition }));
    if (!tried.ok) throw notReached(tried, target, { endPosition, backups, at, chosen });
    const last = tried.atMs === undefined ? "" : `, where the last write is of ${momentOf(tried.atMs)}`;
    await out(`Replayed ${tried.name} up to position ${tried.position}${last}.\n`);
    await restore(restoring, copy, how);
  } finally {
    await rm(directory, { recursive: true, force: true });
    process.off("exit", tidy);
  }
}

async function here(folder: string, host: string | undefined): Promise<Here> {
  const names = await readdir(folder).catch(() => null);
  return { host, folder, names: names === null ? null : new Set(names) };
}

interface Source {
  readonly name: string;
  /** Copies it. */
  readonly take: () => Promise<void>;
}

const oneGiven = (file: string, copy: string): Source => ({
  name: "the file",
  take: () => given(file, copy),
});

const scheduled = (chosen: Choice, folder: string, copy: string): readonly Source[] =>
  chosen.here.map(({ name }) => ({ name, take: () => taken(join(folder, name), copy) }));

/** The one that would have been taken. */
async function warnOfGone({ here: [first], gone }: Choice, at: Here, warn: Restoring["warn"]): Promise<void> {
  const [newest] = gone;
  if (newest === undefined || first === undefined || newest.atMs < first.atMs) return;
  await warn(`${goneInWords(newest, at)}; one before it is taken\n`);
}

/** One from which the log does not go on may be of before all data was lost; the next one may lead there. */
async function firstThatLeads(
  sources: readonly Source[],
  directory: string,
  replay: () => Promise<Replayed>,
): Promise<(Reached & Pick<Source, "name">) | Failed> {
  const failed: Failed[] = [];
  for (const { name, take } of sources) {
    await take();
    const result = await replay();
    if (result.ok) return { ...result, name };
    failed.push(result);
    // Also what SQLite has beside it.
    await rm(directory, { recursive: true });
    await mkdir(directory, { mode: 0o700 });
  }
  return failed.find(({ kind }) => kind === "apart") ?? (failed[0] as Failed);
}

/** @param source the file that was given, whose position is not known yet, or the scheduled backups */
function mustBeReached(target: Target, endPosition: number, source: string | BackupsNode, at: Here): void {
  if ("momentMs" in target) {
    if (target.momentMs > Date.now())
      throw new CliError(exitCodes.failed, `${inWords(target)} is yet to come`);
    return;
  }
  const { position } = target;
  if (position <= endPosition) return;
  const reach = `the log goes up to position ${endPosition}`;
  if (typeof source === "string")
    throw new CliError(
      exitCodes.failed,
      `${reach}, and does not lead to position ${position}: if that is the position of the file itself, restore it without --to-position`,
    );
  const standing = source.files.find((one) => one.position === position);
  throw new CliError(
    exitCodes.failed,
    standing === undefined
      ? `${reach}: position ${position} is yet to come`
      : `${reach}, and does not lead to position ${position}: the backup ${placed(standing, at)} stands there, from before data was lost; restore that file without --to-position`,
  );
}

const placed = (file: BackupFile, at: Here): string =>
  isElsewhere(file, at) ? `${file.name} (on ${file.host})` : file.name;

/** With at least one that is here. */
function chosenFrom(backups: BackupsNode, target: Target, endPosition: number, at: Here): Choice {
  const choice = choiceFrom(backups.files, target, at);
  if (choice.here.length > 0) return choice;
  const [[elsewhere], [gone], oldest] = [choice.elsewhere, choice.gone, backups.files.at(-1)];
  if (elsewhere !== undefined) throw new CliError(exitCodes.notFound, elsewhereInWords(elsewhere));
  if (gone !== undefined) throw new CliError(exitCodes.notFound, goneInWords(gone, at));
  throw new CliError(
    exitCodes.notFound,
    oldest === undefined
      ? "there is no scheduled backup to begin with: name a file that ./dbaas backup made"
      : `no scheduled backup is of ${inWords(target)} or earlier: the oldest, ${oldest.name}, is of position ${oldest.position} at ${momentOf(oldest.atMs)}, and the log goes up to position ${endPosition}`,
  );
}

const scratchPrefix = ".restore-";
/** No restore takes as long. */
const abandonedMs = 24 * 3_600_000;

/** Removes the copies of those that were killed. */
async function swept(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(scratchPrefix)) continue;
    const path = join(folder, name);
    const found = await stat(path).catch(() => null);
    if (found !== null && Date.now() - found.mtimeMs > abandonedMs)
      await rm(path, { recursive: true, force: true });
  }
}

async function scratchIn(folder: string): Promise<string> {
  try {
    await swept(folder);
    // At once: this process may be ended before it hears of a folder that is made beside, which nothing would remove then.
    return mkdtempSync(join(folder, scratchPrefix));
  } catch (cause) {
    throw new CliError(
      exitCodes.failed,
      `the copy is made in the folder of the backups, which cannot be written to: ${messageOf(cause)}`,
    );
  }
}

async function given(file: string, to: string): Promise<void> {
  if (file === "-") await pipeline(givenInput(), createWriteStream(to, { mode: 0o600 }));
  else await taken(file, to);
}

async function taken(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to);
  } catch (cause) {
    throw new CliError(exitCodes.notFound, `cannot read the backup on this host: ${messageOf(cause)}`);
  }
}

interface Reach {
  readonly endPosition: number;
  readonly backups: BackupsNode;
  readonly at: Here;
  /** Undefined where a file was given. */
  readonly chosen: Choice | undefined;
}

/** Says how far backups and log do reach. */
function notReached(failed: Failed, target: Target, { endPosition, backups, at, chosen }: Reach): CliError {
  if (failed.kind === "later")
    return new CliError(
      exitCodes.failed,
      `the backup holds more than there was at ${inWords(target)}: an earlier one is needed; nothing was changed`,
    );
  const { log, why } = failed;
  const isInLog = ({ position }: BackupFile): boolean => log !== null && position >= log.position;
  const first = backups.files.findLast(isInLog);
  const reach =
    log === null
      ? "and the log gives nothing to begin with"
      : `the log goes back to position ${log.position} of ${momentOf(log.atMs)} and up to position ${endPosition}`;
  const within =
    first === undefined
      ? ""
      : `; from the backup ${placed(first, at)} on, position ${first.position}, every position can be reached`;
  const other = chosen?.elsewhere.find(isInLog);
  const elsewhere = other === undefined ? "" : `; ${elsewhereInWords(other)}`;
  return new CliError(
    exitCodes.failed,
    `the log does not lead from the backup to ${inWords(target)} (${why}): ${reach}${within}${elsewhere}; nothing was changed`,
  );
}
