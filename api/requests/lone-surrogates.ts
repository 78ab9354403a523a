// PURE: finds half a character in a body. JSON can write one (`"\ud83d"`), but no text of a database can hold it: it would be
// read as another text than was written, and two different keys as one.

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
