// PURE: one value in the form that was asked for.
import { toJson } from "../client/json.ts";
import { toYaml } from "../core/manifest/yaml.ts";
import { steers, visibleJson } from "./display.ts";
import { type Cell, table } from "./table.ts";

export const formats = ["table", "wide", "json", "yaml"] as const;
export type OutputFormat = (typeof formats)[number];

const asJson = (value: unknown): string => `${visibleJson(toJson(value, 2))}\n`;

/** Escapes mean the same in double quotes as in JSON. */
const asYaml = (value: unknown): string => visibleJson(toYaml(value, steers));

/** For machines as it is; null when a table for people was asked for. */
export function forMachines(value: unknown, format: OutputFormat): string | null {
  if (format === "json") return asJson(value);
  return format === "yaml" ? asYaml(value) : null;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const cellOf = (value: unknown): Cell =>
  typeof value === "object" && value !== null ? toJson(value) : (value as Cell);

/** Rows of objects become a table, anything else stays JSON. */
export function printed(value: unknown, format: OutputFormat): string {
  const machines = forMachines(value, format);
  if (machines !== null) return machines;
  if (!Array.isArray(value)) return asJson(value);
  const rows = value.filter(isRecord);
  if (rows.length !== value.length) return asJson(value);
  const [first] = rows;
  const count = value.length === 1 ? "1 row" : `${value.length} rows`;
  if (first === undefined) return `${count}\n`;
  const head = Object.keys(first);
  return `${table(
    head,
    rows.map((row) => head.map((key) => cellOf(row[key]))),
  )}${count}\n`;
}
