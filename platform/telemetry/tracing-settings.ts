// PURE: the environment -> where traces go and which are recorded. The variables and their meaning are OpenTelemetry's.
import type { Environment } from "../process/program.ts";

export interface TracingSettings {
  /** Where spans are posted. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Said of every span's origin, beside what we say. */
  readonly resource: Readonly<Record<string, string>>;
  readonly sampling: Sampling;
}

export interface Sampling {
  /** A trace that comes in from a client is recorded when the client records it. */
  readonly byParent: boolean;
  /** Of the others, this share. */
  readonly ratio: number;
}

const variables = [
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_HEADERS",
  "OTEL_TRACES_SAMPLER",
  "OTEL_TRACES_SAMPLER_ARG",
  "OTEL_RESOURCE_ATTRIBUTES",
] as const;

/** An empty variable is as one that is not set. */
export const isTracingOn = (environment: Environment): boolean =>
  (environment.OTEL_EXPORTER_OTLP_ENDPOINT ?? "") !== "" && environment.OTEL_SDK_DISABLED !== "true";

/** What one program hands on to those it starts. Nothing while traces are off. */
export function tracingEnvironment(environment: Environment): Readonly<Record<string, string>> {
  if (!isTracingOn(environment)) return {};
  const given = variables.map((name) => [name, environment[name] ?? ""] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== ""));
}

/** @throws Error naming the variable that makes no sense */
export const tracingSettings = (environment: Environment): TracingSettings => ({
  url: tracesUrl(environment.OTEL_EXPORTER_OTLP_ENDPOINT ?? ""),
  headers: pairsIn("OTEL_EXPORTER_OTLP_HEADERS", environment),
  resource: pairsIn("OTEL_RESOURCE_ATTRIBUTES", environment),
  sampling: samplingOf(environment.OTEL_TRACES_SAMPLER ?? "", environment.OTEL_TRACES_SAMPLER_ARG ?? ""),
});

function tracesUrl(endpoint: string): string {
  if (!URL.canParse(endpoint) || !/^https?:/.test(endpoint))
    throw new Error("OTEL_EXPORTER_OTLP_ENDPOINT is not a URL with http: or https:");
  return `${endpoint.replace(/\/$/, "")}/v1/traces`;
}

const parentBased = "parentbased_";

function samplingOf(sampler: string, argument: string): Sampling {
  const name = sampler === "" ? "parentbased_always_on" : sampler;
  const byParent = name.startsWith(parentBased);
  const root = byParent ? name.slice(parentBased.length) : name;
  if (root === "always_on") return { byParent, ratio: 1 };
  if (root === "always_off") return { byParent, ratio: 0 };
  if (root === "traceidratio") return { byParent, ratio: ratioIn(argument) };
  throw new Error(`OTEL_TRACES_SAMPLER: there is no sampler ${name}`);
}

function ratioIn(argument: string): number {
  const ratio = argument === "" ? 1 : Number(argument);
  if (!(ratio >= 0 && ratio <= 1)) throw new Error("OTEL_TRACES_SAMPLER_ARG is not a number from 0 to 1");
  return ratio;
}

/** `key=value,key=value`, the values percent-encoded. */
function pairsIn(variable: string, environment: Environment): Readonly<Record<string, string>> {
  const pairs = (environment[variable] ?? "").split(",").filter((pair) => pair.trim() !== "");
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, key, value] = /^\s*([^=\s]+)\s*=(.*)$/.exec(pair) ?? [];
      if (key === undefined || value === undefined) throw new Error(`${variable} is not a list of key=value`);
      return [key, decodeURIComponent(value.trim())];
    }),
  );
}
