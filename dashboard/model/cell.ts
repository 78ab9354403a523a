// PURE: a value of the database as a cell shows it: exactly, the long ones cut, with what it takes to show them whole.
import { count, plural } from "./format.ts";
import type { SqlValue } from "./sql-answer.ts";

export interface Cell {
  readonly kind: SqlValue["kind"];
  readonly text: string;
  /** Where the text is not all of it: how much there is. */
  readonly size: string | null;
  /** All of it, worked out when it is asked for. */
  readonly whole: () => string;
}

const shown = { characters: 160, bytes: 24 } as const;

export function cellOf(value: SqlValue): Cell {
  switch (value.kind) {
    case "null":
      return plain("null", "NULL");
    case "integer":
    case "real":
      return plain(value.kind, realOf(value.text));
    case "text":
      return textCell(value.text);
    case "blob":
      return blobCell(value.text);
  }
}

const plain = (kind: SqlValue["kind"], text: string): Cell => ({ kind, text, size: null, whole: () => text });

/** The service writes an infinity as a number that every reader takes for one. */
const realOf = (digits: string): string =>
  digits === "9.0e+999" ? "Infinity" : digits === "-9.0e+999" ? "-Infinity" : digits;

function textCell(text: string): Cell {
  if (text.length <= shown.characters) return plain("text", text);
  // Never half of a character.
  const start = text.slice(0, shown.characters).replace(/[\ud800-\udbff]$/, "");
  return {
    kind: "text",
    text: `${start}…`,
    size: `${text.length.toLocaleString("en")} characters`,
    whole: () => text,
  };
}

function blobCell(base64: string): Cell {
  const size = base64 === "" ? 0 : (base64.length / 4) * 3 - (base64.match(/=+$/)?.[0].length ?? 0);
  const sizeText = size < 10_000 ? plural(size, "byte") : `${size.toLocaleString("en")} bytes`;
  if (size <= shown.bytes) return plain("blob", `x'${hexOf(base64)}' (${sizeText})`);
  return {
    kind: "blob",
    text: `x'${hexOf(base64.slice(0, (shown.bytes / 3) * 4))}…`,
    size: sizeText,
    whole: () => `x'${hexOf(base64)}'`,
  };
}

const hexOf = (base64: string): string =>
  Array.from(atob(base64), (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");

/** `3 rows`, `500 of 12.4k rows` */
export const rowsShown = (all: number, most: number): string =>
  all > most ? `the first ${most} of ${count(all)} rows` : plural(all, "row");
