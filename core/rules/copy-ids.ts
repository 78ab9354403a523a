// PURE. Which copy is the noted one where a worker is named. A name outlives the copy that stands under it: a file is damaged and begun anew,
// a snapshot takes its place, the name of a volume that is lost is given to an empty one. So a copy has an id, made when its file
// begins, and what is noted of a copy holds for the one with that id. What has none, as in what an earlier version wrote, is known
// by its worker's name alone.
import type { LogNode } from "../state/znodes.ts";

/** A copy by its worker's name and its own id, which a worker of an earlier version does not tell. */
export interface NamedCopy {
  readonly name: string;
  readonly copyId: string | undefined;
}

/** To be noted with their names, of those that tell an id. */
export function copyIdsOf(copies: readonly NamedCopy[]): Pick<LogNode, "copyIds"> {
  const ids = copies.flatMap(({ name, copyId }) => (copyId === undefined ? [] : [[name, copyId] as const]));
  return ids.length === 0 ? {} : { copyIds: Object.fromEntries(ids) };
}

/** Its worker has another copy now than the one that was noted under this name. */
export function isReplaced({ name, copyId }: NamedCopy, { copyIds = {} }: Pick<LogNode, "copyIds">): boolean {
  const noted = copyIds[name];
  return noted !== undefined && copyId !== undefined && noted !== copyId;
}
