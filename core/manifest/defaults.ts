// PURE: the defaults of the table, and a spec of another version made whole with them.
import type { Fields, Group, ValuesOf } from "./field.ts";
import { type ManifestSpec, specFields } from "./fields.ts";
import { readDefault } from "./kinds.ts";

/** As another version of the programs wrote it: what is newer than that version is missing. */
export type Written<T> = { readonly [K in keyof T]?: T[K] extends object ? Written<T[K]> : T[K] };

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What it has and this version does not know stays. */
function complete({ fields, settle }: Pick<Group, "fields" | "settle">, written: unknown): unknown {
  const there = isMapping(written) ? written : {};
  const known = Object.entries(fields).map(([name, member]) => {
    const value = there[name];
    if ("fields" in member) return [name, complete(member, value)];
    return [name, value === undefined ? readDefault(member.value, member.fallback) : value];
  });
  const whole = { ...there, ...Object.fromEntries(known) } as ValuesOf<Fields>;
  return settle === undefined ? whole : settle(whole);
}

export const completeSpec = (written: Written<ManifestSpec>): ManifestSpec =>
  complete({ fields: specFields }, written) as ManifestSpec;

export const defaultSpec: ManifestSpec = completeSpec({});
