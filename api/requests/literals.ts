// Values as the earliest clients send them: SQL literals inside a text, `'asha','3d72…',NULL,7`.
import type { Value } from "../../core/messages/statement.ts";
import { separated } from "./names.ts";
import { numberFromText } from "./values.ts";
import type { Token } from "./where-tokens.ts";

/** @throws Refusal with the offset of what is not a literal */
export const literalsFromText = (text: string, field: string): readonly Value[] =>
  separated(text, field).map(literalOf);

/** A bare word that means nothing to SQL is the text itself. */
function literalOf({ kind, text }: Token): Value {
  if (kind === "number") return numberFromText(text);
  if (kind !== "word") return text;
  switch (text.toUpperCase()) {
    case "NULL":
      return null;
    case "TRUE":
      return true;
    case "FALSE":
      return false;
    default:
      return text;
  }
}

/** A lone value: the text as it is, unless the whole of it is one literal in single quotes. */
export function loneLiteral(text: string): string {
  if (text.length < 2 || !text.startsWith("'") || !text.endsWith("'")) return text;
  const inside = text.slice(1, -1);
  const unpaired = inside.replaceAll("''", "").includes("'");
  return unpaired ? text : inside.replaceAll("''", "'");
}
