// The one door to yaml: a text as plain values, with the line and column of every place in it.
import { isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument, stringify } from "yaml";

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
  /** What makes the text no YAML, or YAML nobody should write (a key given twice). */
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

/** A value as YAML, for people to read. */
export const toYaml = (value: unknown): string => stringify(value, { lineWidth: 110 });
