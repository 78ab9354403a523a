// PURE: JSON whose whole numbers stay what they are. A JavaScript number holds them up to 2^53; what is beyond is a bigint,
// both ways. `JSON.parse` and `JSON.stringify` do the rest.

/** Cheap to test, and true of every text with a number that a double might change. */
const maybeLarge = /\d{16}/;
const wholeNumber = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Stands before the digits in place of a bigint. No text of the data has it, so none can be taken for one. */
function markBeside(json: string): string {
  for (let number = 0; ; number++) {
    const mark = `bigint-${number}-`;
    if (!json.includes(mark)) return mark;
  }
}

/** @throws SyntaxError when it is not JSON */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!maybeLarge.test(text)) return value;
  // As it is written anew: what was escaped in the text is plain there.
  const mark = markBeside(JSON.stringify(value));
  return JSON.parse(withMarks(text, mark), (_, one: unknown) =>
    typeof one === "string" && one.startsWith(mark) ? BigInt(one.slice(mark.length)) : one,
  );
}

function withMarks(json: string, mark: string): string {
  let marked = "";
  for (let at = 0; at < json.length; ) {
    const quote = json.indexOf('"', at);
    const textStart = quote < 0 ? json.length : quote;
    const textEnd = quote < 0 ? json.length : endOfText(json, quote);
    marked += json
      .slice(at, textStart)
      .replace(wholeNumber, (digits) => (isLarge(digits) ? `"${mark}${digits}"` : digits));
    marked += json.slice(textStart, textEnd);
    at = textEnd;
  }
  return marked;
}

const isLarge = (digits: string): boolean => /^-?\d+$/.test(digits) && !Number.isSafeInteger(Number(digits));

function endOfText(json: string, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    if (json[at] === "\\") at++;
    else if (json[at] === '"') return at + 1;
  }
  return json.length;
}

export function toJson(value: unknown, indent?: number): string {
  let large = false;
  const withoutLarge = JSON.stringify(
    value,
    (_, one: unknown) => {
      if (typeof one !== "bigint") return one;
      large = true;
      return null;
    },
    indent,
  );
  if (!large) return withoutLarge;
  const mark = markBeside(withoutLarge);
  const text = JSON.stringify(
    value,
    (_, one: unknown) => (typeof one === "bigint" ? `${mark}${one}` : one),
    indent,
  );
  return text.replaceAll(new RegExp(`"${mark}(-?\\d+)"`, "g"), "$1");
}
