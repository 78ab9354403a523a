// The one door to yaml: a text as plain values, with the line and column of every place in it.
import { Document, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from "yaml";

export type Path = readonly (string | number)[];

/** Counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface YamlProblem extends Position {
  readonly message: string;
}

export interface YamlText {
  readonly value: unknown;
  /** What makes the text invalid YAML, or ambiguous (a key given twice). */
  readonly problems: readonly YamlProblem[];
  /** Where the value at the path stands, or the nearest place above it that exists. */
  locate(path: Path): Position;
  /** Where the key stands that leads to the value. */
  locateKey(path: Path): Position;
}

interface Step {
  readonly key: Node | null;
  readonly value: Node | null;
}

function descend(node: Node, segment: string | number): Step | null {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(segment));
    if (pair === undefined) return null;
    return { key: isNode(pair.key) ? pair.key : null, value: isNode(pair.value) ? pair.value : null };
  }
  if (isSeq(node) && typeof segment === "number") {
    const item = node.items[segment];
    return isNode(item) ? { key: item, value: item } : null;
  }
  return null;
}

export function parseYaml(text: string): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const startOf = (node: Node | null): Position | null => (node?.range ? at(node.range[0]) : null);

  const locate = (path: Path, wanted: "key" | "value"): Position => {
    let node: Node | null = document.contents;
    let best = startOf(node) ?? { line: 1, column: 1 };
    for (const [depth, segment] of path.entries()) {
      const step: Step | null = node === null ? null : descend(node, segment);
      if (step === null) break;
      const last = depth === path.length - 1;
      best = (last && wanted === "key" ? null : startOf(step.value)) ?? startOf(step.key) ?? best;
      node = step.value;
    }
    return best;
  };
  const problems = [...document.errors, ...document.warnings].map(({ pos, message }) => ({
    ...at(pos[0]),
    message,
  }));
  return {
    value: problems.length === 0 ? plainValue(document, problems) : undefined,
    problems,
    locate: (path) => locate(path, "value"),
    locateKey: (path) => locate(path, "key"),
  };
}

/** Aliases that multiply without end are refused by yaml itself; that is a problem of the text like any other. */
function plainValue(document: ReturnType<typeof parseDocument>, problems: YamlProblem[]): unknown {
  try {
    return document.toJS();
  } catch (error) {
    problems.push({ line: 1, column: 1, message: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

/** As a block, which the package makes of it, it would lose its spaces. */
const isBlank = /^\s+$/;

/**
 * A value as YAML, for people to read.
 * @param isQuoted which texts stand in double quotes, where every character may be written as an escape
 */
export function toYaml(value: unknown, isQuoted: (text: string) => boolean): string {
  const document = new Document(value);
  visit(document, {
    Scalar: (_, scalar) => {
      if (typeof scalar.value === "string" && (isBlank.test(scalar.value) || isQuoted(scalar.value)))
        scalar.type = "QUOTE_DOUBLE";
    },
  });
  return document.toString({ lineWidth: 110 });
}

export interface ValueAt {
  readonly path: Path;
  readonly value: string | number | boolean;
}

/**
 * The text with these values. A value that is there is replaced to the letter, so that comments and lines stay as they are;
 * a missing one is added, for which the text is written anew with its comments.
 */
export const withValues = (text: string, values: readonly ValueAt[]): string =>
  values.reduce((edited, value) => withValue(edited, value), text);

function withValue(text: string, { path, value }: ValueAt): string {
  const document = parseDocument(text);
  const node = document.getIn(path, true);
  const [start, end] = (isScalar(node) ? node.range : null) ?? [0, 0];
  if (start < end) return `${text.slice(0, start)}${JSON.stringify(value)}${text.slice(end)}`;
  for (const [depth] of path.entries()) {
    const above = path.slice(0, depth);
    if (document.getIn(above) === null) document.setIn(above, document.createNode({}));
  }
  document.setIn(path, value);
  return document.toString({ lineWidth: 0 });
}
