// PURE: one value in the form that a program was asked to print.
import { toJson } from "../client/json.ts";
import { toYaml } from "../core/manifest/yaml.ts";
import { steers, visibleJson } from "./display.ts";

export const formats = ["table", "wide", "json", "yaml"] as const;
export type OutputFormat = (typeof formats)[number];

export const asJson = (value: unknown): string => `${visibleJson(toJson(value, 2))}\n`;

/** Escapes mean the same in double quotes as in JSON. */
export const asYaml = (value: unknown): string => visibleJson(toYaml(value, steers));

/** For machines as it is; null when a table for people was asked for. */
export function forMachines(value: unknown, format: OutputFormat): string | null {
  if (format === "json") return asJson(value);
  return format === "yaml" ? asYaml(value) : null;
}
