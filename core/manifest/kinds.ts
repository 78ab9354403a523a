// PURE: what a field of the manifest may hold, as plain data: without zod, which workers have no room for. The validators of these
// kinds are in `values.ts`.
import type { AccessToken } from "../access.ts";
import type { Table } from "../schema.ts";
import { parseDuration, parseSize } from "./quantities.ts";

/** A kind by its name: as the manifest writes its values, and as the code has them. */
interface Meanings {
  readonly whole: { readonly written: number; readonly read: number };
  /** "2m", "10s", "250ms", read as ms. */
  readonly duration: { readonly written: string; readonly read: number };
  /** A duration, or "never", which is read as null. */
  readonly durationOrNever: { readonly written: string; readonly read: number | null };
  /** "256Mi", "1Gi" or a number of bytes, read as bytes. */
  readonly size: { readonly written: string; readonly read: number };
  readonly flag: { readonly written: boolean; readonly read: boolean };
  readonly text: { readonly written: string; readonly read: string };
  readonly oneOf: { readonly written: string; readonly read: string };
  readonly tokens: { readonly written: readonly []; readonly read: readonly AccessToken[] };
  readonly hosts: { readonly written: readonly []; readonly read: readonly string[] };
  readonly tables: { readonly written: readonly []; readonly read: readonly Table[] };
}

interface Between<N extends string, Bound> {
  readonly kind: N;
  readonly min: Bound;
  readonly max: Bound;
}

export type Kind =
  | Between<"whole", number>
  | Between<"duration" | "durationOrNever" | "size", string>
  | { readonly kind: "text"; readonly pattern: RegExp; readonly rule: string }
  | { readonly kind: "oneOf"; readonly choices: readonly string[] }
  | { readonly kind: "flag" | "tokens" | "hosts" | "tables" };

/** What a field of this kind is in the code. */
export type ReadAs<K extends Kind> = K extends { readonly choices: readonly (infer C)[] }
  ? C
  : Meanings[K["kind"]]["read"];

/** How its default is written; of a list only that it is empty. */
export type WrittenAs<K extends Kind> = K extends { readonly choices: readonly (infer C)[] }
  ? C
  : Meanings[K["kind"]]["written"];

const between =
  <const N extends string>(kind: N) =>
  <Bound>(min: Bound, max: Bound): Between<N, Bound> => ({ kind, min, max });

export const whole = (min: number, max: number) => between("whole")(min, max);
export const duration = (min: string, max: string) => between("duration")(min, max);
export const durationOrNever = (min: string, max: string) => between("durationOrNever")(min, max);
export const size = (min: string, max: string) => between("size")(min, max);
export const text = (pattern: RegExp, rule: string) => ({ kind: "text", pattern, rule }) as const;
export const oneOf = <const T extends readonly string[]>(choices: T) => ({ kind: "oneOf", choices }) as const;
export const flag = { kind: "flag" } as const;
export const tokens = { kind: "tokens" } as const;
export const hosts = { kind: "hosts" } as const;
export const tables = { kind: "tables" } as const;

export const never = "never";

/** What a default of the table is in the code: a duration in ms, a size in bytes. */
export function readDefault<K extends Kind>({ kind }: K, written: WrittenAs<K>): ReadAs<K> {
  const text = String(written);
  switch (kind) {
    case "duration":
      return parseDuration(text) as ReadAs<K>;
    case "durationOrNever":
      return (text === never ? null : parseDuration(text)) as ReadAs<K>;
    case "size":
      return parseSize(text) as ReadAs<K>;
    default:
      return written as ReadAs<K>;
  }
}
