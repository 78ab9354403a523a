// PURE: documents whose steps can be executed. Their fenced blocks of the kind `console` hold commands after a `$`, continued
// after a `>`, each followed by what it prints, where `…` stands for anything: within a line for a part of it, alone on a
// line for any number of lines. Runs of blanks count as one, since columns are as wide as what is in them.

export interface Command {
  /** In the document, counted from 1. */
  readonly line: number;
  readonly text: string;
  readonly expected: readonly string[];
}

export interface Block {
  /** Its fence says `console root`: its commands act on the host as root. */
  readonly root: boolean;
  readonly commands: readonly Command[];
}

export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

interface Fence {
  readonly info: string;
  readonly from: number;
  readonly lines: string[];
}

/** The sections with something to execute, in their order. @throws when a block makes no sense */
export function sectionsIn(markdown: string): readonly Section[] {
  const sections: { title: string; blocks: Block[] }[] = [];
  let fence: Fence | null = null;
  for (const [index, line] of markdown.split("\n").entries()) {
    const mark = /^```(.*)$/.exec(line)?.[1];
    if (fence === null && mark !== undefined) fence = { info: mark.trim(), from: index + 2, lines: [] };
    else if (fence !== null && mark !== undefined) {
      const block = blockIn(fence);
      if (block !== null) sections.at(-1)?.blocks.push(block);
      fence = null;
    } else if (fence !== null) fence.lines.push(line);
    else if (line.startsWith("## ")) sections.push({ title: line.slice(3).trim(), blocks: [] });
  }
  if (fence !== null) throw new Error(`line ${fence.from - 1}: this block does not end`);
  return sections.filter(({ blocks }) => blocks.length > 0);
}

/** @returns null for other kinds of blocks */
function blockIn({ info, from, lines }: Fence): Block | null {
  const [kind, ...marks] = info.split(/\s+/);
  if (kind !== "console") return null;
  const commands: { line: number; text: string; expected: string[] }[] = [];
  for (const [index, line] of lines.entries()) {
    const last = commands.at(-1);
    if (line.startsWith("$ ")) commands.push({ line: from + index, text: line.slice(2), expected: [] });
    else if (last === undefined)
      throw new Error(`line ${from + index}: a block begins with a command after a $`);
    else if (line.startsWith("> ") && last.expected.length === 0) last.text += `\n${line.slice(2)}`;
    else last.expected.push(line);
  }
  if (commands.length === 0) throw new Error(`line ${from - 1}: this block has no command`);
  return { root: marks.includes("root"), commands };
}

const ellipsis = "…";

/** @returns null when the output is as expected, else the first expected line that is missing, or what is too much */
export function mismatch(expected: readonly string[], output: string): string | null {
  const lines = withoutBlankEnd(output.split("\n").map(evened));
  const wanted = withoutBlankEnd(expected.map(evened));
  let at = 0;
  for (const [index, line] of wanted.entries()) {
    if (line === ellipsis) {
      const next = wanted.slice(index + 1).find((one) => one !== ellipsis);
      if (next === undefined) return null;
      while (at < lines.length && !matches(next, lines[at] ?? "")) at++;
    } else if (at < lines.length && matches(line, lines[at] ?? "")) at++;
    else return `expected: ${line}`;
  }
  return at === lines.length ? null : `not expected: ${lines[at]}`;
}

const evened = (line: string): string => line.replace(/\s+/g, " ").trimEnd();

function withoutBlankEnd(lines: readonly string[]): readonly string[] {
  const end = lines.findLastIndex((line) => line !== "");
  return lines.slice(0, end + 1);
}

const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

const matches = (pattern: string, line: string): boolean =>
  new RegExp(`^${pattern.split(ellipsis).map(literally).join(".*")}$`).test(line);
