// What a copy holds, in a form that can be compared.
import type { Contents } from "../fakes/memory-ledger.ts";

export interface SeenContents {
  readonly position: number;
  /** Ids and values of the one table. */
  readonly rows: readonly (readonly [id: string, value: string])[];
}

export const contentsAt = ({ applied, tables }: Contents): SeenContents => ({
  position: applied.position,
  rows: [...(tables.get("things")?.values() ?? [])]
    .map((row) => [String(row.id), String(row.value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1)),
});

export const digestOf = (contents: Contents): string =>
  JSON.stringify([
    contents.applied.position,
    contents.applied.epoch,
    contents.schema,
    contentsAt(contents).rows,
    [...contents.keys.values()].sort((a, b) => (a.key < b.key ? -1 : 1)),
  ]);
