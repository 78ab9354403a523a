// Holds a body against its schema and says in the client's words what is wrong with it.
import type { z } from "zod";
import { Refusal } from "../../core/errors.ts";
import { nearest } from "../../core/manifest/suggest.ts";

/** @throws Refusal naming the first field that does not fit */
export function shaped<T extends z.ZodObject>(schema: T, body: unknown): z.output<T> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue === undefined) throw new Refusal("bad_request", "is malformed", "(body)");
  if (issue.code === "unrecognized_keys") throw unknownKey(issue.keys[0] ?? "", Object.keys(schema.shape));
  throw new Refusal("bad_request", issue.message, pathOf(issue.path));
}

function unknownKey(key: string, known: readonly string[]): Refusal {
  const meant = nearest(key, known);
  const hint = meant === null ? `known here: ${known.join(", ")}` : `did you mean ${meant}?`;
  return new Refusal("bad_request", `is not known; ${hint}`, key);
}

/** Of two names for one thing the one that was used. */
export function oneOf<K extends string>(body: { readonly [key in K]?: unknown }, name: K, earlier: K): K {
  if (body[earlier] === undefined) return name;
  if (body[name] !== undefined)
    throw new Refusal("bad_request", `is the same as ${name}: send one of them`, earlier);
  return earlier;
}

/** `rows[1].age` */
const pathOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? String(part) : `${text}.${String(part)}`;
  }, "") || "(body)";
