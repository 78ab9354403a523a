// From the operator's text to a Manifest. Parsed completely at the door: either everything is right, or all that is wrong
// is told at once, each with its line and column.

import { z } from "zod";
import { type Manifest, ManifestError, type ManifestProblem, type ManifestSpec } from "./manifest.ts";
import { specSchema } from "./spec-schema.ts";
import { mapping, oneOf, quoted, text } from "./values.ts";
import { type Path, parseYaml, type YamlText } from "./yaml.ts";

/** Where the manifest stands: in a file on the one host, or in ZooKeeper, which all hosts see. */
export type ManifestIn = "file" | "zookeeper";

/** @throws Error when it is neither */
export function manifestInOf(text: string): ManifestIn {
  if (text === "file" || text === "zookeeper") return text;
  throw new Error(`environment variable DBAAS_MANIFEST_IN must be file or zookeeper, not ${text}`);
}

export const manifestLimits = {
  textLengthMax: 1024 * 1024,
  /** As the accepted manifest stands in ZooKeeper, whose servers drop a connection that sends more than a megabyte at once. */
  specBytesMax: 900_000,
  problemsMax: 50,
} as const;

const manifest = mapping({
  apiVersion: oneOf(["dbaas.rideshare/v1"]),
  kind: oneOf(["Database"]),
  metadata: mapping({
    name: text(/^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/, "must be lower-case letters, digits, - and ."),
  }),
  spec: specSchema,
});

/** For editors, which complete and check a manifest by it. */
export const manifestJsonSchema = (): object => ({
  title: "Manifest of Mini DBaaS",
  ...z.toJSONSchema(manifest, { io: "input" }),
});

const plainKey = /^[A-Za-z_][\w-]*$/;

function appended(path: string, segment: string | number): string {
  if (typeof segment === "number") return `${path}[${segment}]`;
  if (!plainKey.test(segment)) return `${path}[${quoted(segment)}]`;
  return path === "" ? segment : `${path}.${segment}`;
}

/** `spec.database.tables[0].columns[1].type` */
const formatPath = (path: Path): string => path.reduce<string>(appended, "") || "(document)";

function valueAt(value: unknown, path: Path): unknown {
  const isThere = (below: unknown, segment: string | number): below is Readonly<Record<string, unknown>> =>
    typeof below === "object" && below !== null && Object.hasOwn(below, segment);
  return path.reduce((below, segment) => (isThere(below, segment) ? below[segment] : undefined), value);
}

/** The problems of one issue that zod found. */
function problemsOf(issue: z.core.$ZodIssue, yaml: YamlText): readonly ManifestProblem[] {
  const path = issue.path.filter((segment) => typeof segment !== "symbol");
  const at = (where: Path, message: string, position = yaml.locate(where)): ManifestProblem => ({
    line: position.line,
    column: position.column,
    path: formatPath(where),
    message,
  });
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.message.split("\n").map((message, i) => {
        const key = [...path, issue.keys[i] ?? ""];
        return at(key, message, yaml.locateKey(key));
      });
    case "invalid_union":
      return nearestOption(issue.errors).flatMap((one) =>
        problemsOf({ ...one, path: [...path, ...one.path] }, yaml),
      );
    case "too_small":
    case "too_big":
      // zod counts the characters of a text that stands where a list belongs, which is a problem already.
      return issue.origin === "string" ? [] : [at(path, issue.message)];
    case "custom":
      return [at(withoutIndexOfSingle(path, yaml), issue.message)];
    default:
      return valueAt(yaml.value, path) === undefined
        ? [at(path.slice(0, -1), `lacks the field \`${path.at(-1)}\``)]
        : [at(path, issue.message)];
  }
}

/** The one that has the right kind of value, or the last one. */
function nearestOption(options: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] {
  const isOfKind = (issues: readonly z.core.$ZodIssue[]): boolean =>
    issues.every(({ code, path }) => code !== "invalid_type" || path.length > 0);
  return options.find(isOfKind) ?? options.at(-1) ?? [];
}

/** A single name may stand for a list of one: then it has no index. */
const withoutIndexOfSingle = (path: Path, yaml: YamlText): Path =>
  typeof path.at(-1) === "number" && !Array.isArray(valueAt(yaml.value, path.slice(0, -1)))
    ? path.slice(0, -1)
    : path;

const wholeText = (message: string): ManifestError =>
  new ManifestError([{ line: 1, column: 1, path: "(document)", message }]);

/** @throws ManifestError with every problem found */
export function parseManifest(text: string): Manifest {
  if (text.length > manifestLimits.textLengthMax)
    throw wholeText(`is longer than ${manifestLimits.textLengthMax} characters: this is no manifest`);
  const yaml = parseYaml(text);
  if (yaml.problems.length > 0)
    throw new ManifestError(
      yaml.problems
        .slice(0, manifestLimits.problemsMax)
        .map((problem) => ({ ...problem, path: "(document)" })),
    );
  if (yaml.value === null || yaml.value === undefined) throw wholeText("is empty");
  const { success, data, error } = manifest.safeParse(yaml.value);
  if (!success) throw new ManifestError(inOrder(error.issues.flatMap((issue) => problemsOf(issue, yaml))));
  return { ...data, spec: asKept(data.spec) };
}

/** As it comes back from ZooKeeper: what JSON writes in another way must not look like a change for ever. */
function asKept(spec: ManifestSpec): ManifestSpec {
  const json = JSON.stringify(spec);
  const bytes = Buffer.byteLength(json);
  if (bytes > manifestLimits.specBytesMax)
    throw wholeText(
      `takes ${bytes} bytes to keep, and must not take more than ${manifestLimits.specBytesMax}`,
    );
  return JSON.parse(json) as ManifestSpec;
}

const inOrder = (problems: readonly ManifestProblem[]): readonly ManifestProblem[] =>
  problems.toSorted((a, b) => a.line - b.line || a.column - b.column).slice(0, manifestLimits.problemsMax);
