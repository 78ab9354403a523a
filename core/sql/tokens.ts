// What SQLite's SQL is made of, as far as it must be known to tell statements apart: words, quoted texts and names, comments, and the
// semicolons between statements. Nothing is judged here; what is no SQL gives tokens as well.

export interface SqlToken {
  /** `quoted`: a text or a name in quotes, brackets or backticks. `mark`: any other character. */
  readonly kind: "space" | "word" | "quoted" | "semicolon" | "mark";
  /** Offset of the first character. */
  readonly from: number;
  /** Offset behind the last. */
  readonly to: number;
  /** A quote or a comment that the text ends in. */
  readonly open?: true;
}

/** As SQLite has it: a byte order mark where a token would begin as well. */
const spaceForm = /[ \t\n\f\r\v]+|\ufeff/y;
/** As SQLite has it: each character beyond ASCII belongs to a word. */
const wordForm = /[A-Za-z0-9_$\u0080-\uffff]+/y;

/** All of the text, token by token. */
export function* sqlTokens(text: string): Generator<SqlToken, void> {
  for (let at = 0; at < text.length; ) {
    const token = tokenAt(text, at);
    yield token;
    at = token.to;
  }
}

function tokenAt(text: string, from: number): SqlToken {
  const first = text[from];
  switch (first) {
    case ";":
      return { kind: "semicolon", from, to: from + 1 };
    case "'":
    case '"':
    case "`":
      return quoted(text, from, first);
    case "[": {
      const end = text.indexOf("]", from);
      return end < 0
        ? { kind: "quoted", from, to: text.length, open: true }
        : { kind: "quoted", from, to: end + 1 };
    }
    default:
      return comment(text, from) ?? matched(text, from);
  }
}

/** A doubled quote stands for itself. */
function quoted(text: string, from: number, quote: string): SqlToken {
  for (let at = from + 1; ; at += 2) {
    at = text.indexOf(quote, at);
    if (at < 0) return { kind: "quoted", from, to: text.length, open: true };
    if (text[at + 1] !== quote) return { kind: "quoted", from, to: at + 1 };
  }
}

function comment(text: string, from: number): SqlToken | undefined {
  if (text.startsWith("--", from)) {
    const end = text.indexOf("\n", from);
    return { kind: "space", from, to: end < 0 ? text.length : end + 1 };
  }
  if (!text.startsWith("/*", from)) return undefined;
  const end = text.indexOf("*/", from + 2);
  return end < 0
    ? { kind: "space", from, to: text.length, open: true }
    : { kind: "space", from, to: end + 2 };
}

function matched(text: string, from: number): SqlToken {
  for (const [kind, form] of [
    ["space", spaceForm],
    ["word", wordForm],
  ] as const) {
    form.lastIndex = from;
    if (form.test(text)) return { kind, from, to: form.lastIndex };
  }
  return { kind: "mark", from, to: from + 1 };
}
