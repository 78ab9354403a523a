// PURE: two accepted manifests -> the fields in which they differ, named and written as in the manifest.
import type { ManifestSpec } from "../core/manifest/manifest.ts";
import { formatDuration, formatSize } from "../core/manifest/quantities.ts";

export interface FieldChange {
  readonly field: string;
  /** Null: not there. */
  readonly before: string | null;
  readonly after: string | null;
}

/** Where the manifest's name is not ours without its unit. */
const manifestNames: Readonly<Record<string, string>> = {
  retentionBytes: "retentionSize",
  retentionMs: "retentionAge",
  bodyBytesMax: "bodySizeMax",
  queryMs: "queryTime",
  idempotencyMs: "idempotencyRetention",
  perSecond: "requestsPerSecond",
};

const nameOf = (key: string): string => manifestNames[key] ?? key.replace(/(Ms|Bytes)$/, "");

/** Nobody needs to see them to see that they changed. */
const secrets: ReadonlySet<string> = new Set(["sha256"]);

function textOf(key: string, value: unknown): string {
  if (secrets.has(key)) return `${String(value).slice(0, 6)}…`;
  if (typeof value === "number" && key.endsWith("Ms")) return formatDuration(value);
  if (typeof value === "number" && key.includes("Bytes")) return formatSize(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A flat list of everything that is set, list items by their names. */
function leaves(value: unknown, field: string, key: string): readonly (readonly [string, string])[] {
  if (isMapping(value))
    return Object.entries(value).flatMap(([k, v]) => leaves(v, `${field}.${nameOf(k)}`, k));
  if (Array.isArray(value))
    return value.flatMap((item: unknown, i) => {
      const named = isMapping(item) && typeof item.name === "string";
      return leaves(item, `${field}[${named ? item.name : i}]`, key);
    });
  return [[field, textOf(key, value)]];
}

/** Without the tables: those are told as what becomes of them. */
export function fieldChanges(before: ManifestSpec | null, after: ManifestSpec): readonly FieldChange[] {
  const flat = (spec: ManifestSpec | null) => {
    if (spec === null) return new Map<string, string>();
    const { database, ...rest } = spec;
    return new Map(leaves(rest, "spec", ""));
  };
  const [was, is] = [flat(before), flat(after)];
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((field) => was.get(field) !== is.get(field))
    .map((field) => ({ field, before: was.get(field) ?? null, after: is.get(field) ?? null }));
}
