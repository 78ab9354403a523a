// PURE: JSON with line breaks, digit by digit as it came: to read it and write it again would round large numbers.

/** Texts, brackets and marks, and what stands between them. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s"{}[\],:]+/gs;

/** @returns the text as it is when it is not JSON */
export function indented(json: string): string {
  try {
    JSON.parse(json);
  } catch {
    return json;
  }
  let depth = 0;
  let text = "";
  let before = "";
  const newLine = () => `\n${"  ".repeat(depth)}`;
  for (const [token] of json.matchAll(tokens)) {
    const opened = before === "{" || before === "[";
    if (token === "}" || token === "]") {
      depth--;
      if (!opened) text += newLine();
    } else if (opened || before === ",") text += newLine();
    text += token === ":" ? ": " : token;
    if (token === "{" || token === "[") depth++;
    before = token;
  }
  return text;
}
