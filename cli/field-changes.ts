// PURE: two accepted manifests -> the fields in which they differ, named and written as in the manifest.
import type { Fields, Unit } from "../core/manifest/field.ts";
import { type ManifestSpec, specFields } from "../core/manifest/fields.ts";
import { formatDuration, formatSize } from "../core/manifest/quantities.ts";

export interface FieldChange {
  readonly field: string;
  /** Null: not there. */
  readonly before: string | null;
  readonly after: string | null;
}

/** Enough to see that it changed. */
const shortened = (sha256: string): string => `${sha256.slice(0, 6)}…`;

type Leaf = readonly [field: string, text: string];

function textOf(value: unknown, unit: Unit): string {
  if (typeof value === "number" && unit === "duration") return formatDuration(value);
  if (value === null && unit === "duration") return "never";
  if (typeof value === "number" && unit === "size") return formatSize(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What is inside a list, its mappings by their names. */
function listed(value: unknown, field: string, unit: Unit): readonly Leaf[] {
  if (isMapping(value))
    return Object.entries(value).map(([key, one]) => [
      `${field}.${key}`,
      key === "sha256" ? shortened(String(one)) : textOf(one, unit),
    ]);
  return [[field, textOf(value, unit)]];
}

/** A flat list of everything that is set. */
const leaves = (fields: Fields, values: unknown, path: string): readonly Leaf[] =>
  Object.entries(fields).flatMap(([name, member]) => {
    if (!isMapping(values)) return [];
    const [value, field] = [values[name], `${path}.${member.key}`];
    if ("fields" in member) return leaves(member.fields, value, field);
    if (!Array.isArray(value)) return [[field, textOf(value, member.unit)]];
    return value.flatMap((item: unknown, i) => {
      const named = isMapping(item) && typeof item.name === "string" ? item.name : i;
      return listed(item, `${field}[${named}]`, member.unit);
    });
  });

/** Without the tables: those are told as what becomes of them. */
export function fieldChanges(before: ManifestSpec | null, after: ManifestSpec): readonly FieldChange[] {
  const { database, ...fields } = specFields;
  const flat = (spec: ManifestSpec | null) => new Map(leaves(fields, spec, "spec"));
  const [was, is] = [flat(before), flat(after)];
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((field) => was.get(field) !== is.get(field))
    .map((field) => ({ field, before: was.get(field) ?? null, after: is.get(field) ?? null }));
}
