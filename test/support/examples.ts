// PURE: the examples of a document, each with the answers that it says come of it. In a block of the kind `sh` these are the lines behind
// a command that begin with `#`, of `sql` those behind a statement that begin with `--`, of `ts` what stands behind `//` on the line of a
// `console.log` and below it. As in console-blocks.ts `…` stands for anything. A block that is not to be executed says why on the line
// before it: `<!-- not executed: the reason -->`.

export interface Step {
  /** In the document, counted from 1. */
  readonly line: number;
  readonly text: string;
  readonly expected: readonly string[];
}

export interface Example {
  readonly line: number;
  readonly kind: string;
  /** The title above it. */
  readonly section: string;
  /** Why it is not executed. */
  readonly left: string | undefined;
  readonly lines: readonly string[];
}

const fence = /^```\s*(\w*)\s*$/;
const mark = /^<!-- not executed: (.+) -->$/;

/** All blocks in their order. @throws when one does not end, or a mark stands before none */
export function examplesIn(markdown: string): readonly Example[] {
  const lines = markdown.split("\n");
  const examples: Example[] = [];
  let section = "";
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const kind = fence.exec(line)?.[1];
    if (mark.test(line) && !fence.test(lines[at + 1] ?? ""))
      throw new Error(`line ${at + 1}: no block stands behind this mark`);
    if (line.startsWith("## ")) section = line.slice(3).trim();
    if (kind === undefined) continue;
    const end = lines.indexOf("```", at + 1);
    if (end < 0) throw new Error(`line ${at + 1}: this block does not end`);
    const left = mark.exec(lines[at - 1] ?? "")?.[1];
    examples.push({ line: at + 1, kind, section, left, lines: lines.slice(at + 1, end) });
    at = end;
  }
  return examples;
}

/** Of `sh` and `sql`: commands or statements, each with the lines that must come of it. @throws where none is said */
export function stepsIn({ line: fenceLine, kind, lines }: Example): readonly Step[] {
  const comment = kind === "sql" ? "--" : "#";
  const steps: { line: number; text: string; expected: string[] }[] = [];
  for (const [i, line] of lines.entries()) {
    const last = steps.at(-1);
    const answer = answerIn(line, comment);
    if (answer === undefined) {
      if (line.trim() === "") continue;
      if (last !== undefined && last.expected.length === 0) last.text += `\n${line}`;
      else steps.push({ line: fenceLine + 1 + i, text: line, expected: [] });
    } else if (last === undefined)
      throw new Error(`line ${fenceLine + 1 + i}: an answer stands before what it is of`);
    else last.expected.push(answer);
  }
  for (const { line, expected } of steps)
    if (expected.length === 0) throw new Error(`line ${line}: it is not said what comes of it`);
  return steps;
}

function answerIn(line: string, comment: string): string | undefined {
  if (!line.startsWith(comment)) return undefined;
  return line.slice(comment.length).replace(/^ /, "");
}

const printing = /^\s*console\.log\(.*\);\s*(?:\/\/ (.*))?$/;

/** Of `ts`: what the program must print. @throws where it prints nothing, or it is not said what */
export function printedBy({ line: fenceLine, lines }: Example): readonly string[] {
  const printed: string[] = [];
  let isPrinting = false;
  for (const [i, line] of lines.entries()) {
    const match: RegExpExecArray | null = printing.exec(line);
    if (match === null) {
      const more: string | undefined = isPrinting ? /^\s*\/\/ (.*)$/.exec(line)?.[1] : undefined;
      isPrinting = more !== undefined;
      if (more !== undefined) printed.push(more);
    } else if (match[1] === undefined && !/^\s*\/\/ /.test(lines[i + 1] ?? ""))
      throw new Error(`line ${fenceLine + 1 + i}: it is not said what it prints`);
    else {
      isPrinting = true;
      if (match[1] !== undefined) printed.push(match[1]);
    }
  }
  if (printed.length === 0) throw new Error(`line ${fenceLine}: the program prints nothing`);
  return printed;
}
