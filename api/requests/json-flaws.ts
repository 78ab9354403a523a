// PURE: finds a key that one object of a JSON text names twice. JSON.parse keeps the last of them without a word, while
// another reader of the same body may have meant the first.
//
// It finds half a character as well. JSON can write one (`"\ud83d"`), but no text of a database can hold it: it would be
// read as another text than was written, and two different keys as one.

/**
 * @param json valid JSON
 * @param value what JSON.parse made of it
 * @returns the path of the first key that stands twice in its object, as in `rows[1].age`
 */
export function duplicateKeyIn(json: string, value: unknown): string | undefined {
  // Each key has one colon. The numbers differ only when an object lost a key on its way: nearly never.
  return colonsIn(json) === keysIn(value) ? undefined : firstDuplicate(json);
}

const colon = 0x3a;

function colonsIn(json: string): number {
  let colons = 0;
  for (let at = 0; at < json.length; ) {
    const quote = json.indexOf('"', at);
    const end = quote < 0 ? json.length : quote;
    for (; at < end; at++) if (json.charCodeAt(at) === colon) colons += 1;
    if (quote >= 0) at = stringEnd(json, quote);
  }
  return colons;
}

/** Without recursion: a body may be nested as deeply as it is long. */
function keysIn(value: unknown): number {
  let keys = 0;
  const open: object[] = [];
  if (typeof value === "object" && value !== null) open.push(value);
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    const values: readonly unknown[] = Array.isArray(one) ? one : Object.values(one);
    if (!Array.isArray(one)) keys += values.length;
    for (const part of values) if (typeof part === "object" && part !== null) open.push(part);
  }
  return keys;
}

/** @param quote the offset of the opening quote; @returns the offset after the closing one */
export function stringEnd(json: string, quote: number): number {
  for (let at = quote + 1; ; at++) {
    at = json.indexOf('"', at);
    let backslashes = 0;
    while (json.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes += 1;
    // An even number of them escape each other, and the quote is none of theirs.
    if (backslashes % 2 === 0) return at + 1;
  }
}

interface Open {
  /** The keys so far; null in a list. */
  readonly keys: Set<string> | null;
  /** Where in it the reading stands. */
  place: string | number;
}

function firstDuplicate(json: string): string | undefined {
  const open: Open[] = [];
  for (let at = 0; at < json.length; at++) {
    const inside = open.at(-1);
    switch (json[at]) {
      case "{":
        open.push({ keys: new Set(), place: "" });
        break;
      case "[":
        open.push({ keys: null, place: 0 });
        break;
      case "}":
      case "]":
        open.pop();
        break;
      case ",":
        if (inside !== undefined && typeof inside.place === "number") inside.place += 1;
        break;
      case '"': {
        const end = stringEnd(json, at);
        if (inside?.keys != null && isBeforeColon(json, end)) {
          const key = String(JSON.parse(json.slice(at, end)));
          inside.place = key;
          if (inside.keys.has(key)) return pathOf(open);
          inside.keys.add(key);
        }
        at = end - 1;
        break;
      }
      default:
    }
  }
  return undefined;
}

function isBeforeColon(json: string, at: number): boolean {
  let next = at;
  while (/\s/.test(json.charAt(next))) next += 1;
  return json.charCodeAt(next) === colon;
}

const pathOf = (open: readonly Open[]): string =>
  open.reduce((path, { place }) => {
    if (typeof place === "number") return `${path}[${place}]`;
    return path === "" ? place : `${path}.${place}`;
  }, "");

/** The bytes of a body are valid UTF-8, so that only an escape can bring one in. Cheap to test, and rarely true. */
const surrogateEscape = /\\u[dD][89a-fA-F]/;
const lone = /\p{Surrogate}/u;
const pathLengthMax = 200;

interface Place {
  readonly value: unknown;
  readonly path: string;
}

/**
 * @param json valid JSON
 * @param value what JSON.parse made of it
 * @returns the path of the first text or key with half a character, as in `rows[1].name`
 */
export function loneSurrogateIn(json: string, value: unknown): string | undefined {
  if (!surrogateEscape.test(json)) return undefined;
  // Without recursion: a body may be nested as deeply as it is long.
  const open: Place[] = [{ value, path: "" }];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const { value: one, path } = place;
    if (typeof one === "string" && lone.test(one)) return shown(path);
    if (typeof one !== "object" || one === null) continue;
    const inside: Place[] = [];
    for (const [key, part] of Object.entries(one)) {
      const at = Array.isArray(one) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
      if (lone.test(key)) return shown(at);
      inside.push({ value: part, path: at });
    }
    for (const next of inside.reverse()) open.push(next);
  }
  return undefined;
}

function shown(path: string): string {
  const whole = path.slice(0, pathLengthMax).replace(/\p{Surrogate}/gu, "\ufffd");
  return whole === "" ? "(body)" : whole;
}
