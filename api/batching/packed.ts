// PURE: a statement as the JSON that will stand in its message. A request that waits is kept as this text and not as the
// objects that its body was parsed to, which take up to twenty times the body's size: what a text costs is known.
import type { Param, ReadStatement, WriteStatement } from "../../core/messages/statement.ts";

export interface PackedRead {
  /** JSON of a `ReadShape`. */
  readonly shape: string;
  /** JSON of a list of parameters. */
  readonly params: string;
}

export interface PackedWrite {
  /** JSON of a `WriteShape`. */
  readonly shape: string;
  /** JSON of a list of rows of parameters. */
  readonly rows: string;
}

export const packRead = ({ shape, params }: ReadStatement): PackedRead => ({
  shape: JSON.stringify(shape),
  params: JSON.stringify(params satisfies readonly Param[]),
});

export const packWrite = ({ shape, rows }: WriteStatement): PackedWrite => ({
  shape: JSON.stringify(shape),
  rows: JSON.stringify(rows satisfies readonly (readonly Param[])[]),
});

/**
 * What a text takes, in memory and in a message, whichever is more: one byte for each character as long as all are ASCII,
 * else two in memory and up to three in a message.
 */
export function bytesOf(text: string): number {
  const inMessage = Buffer.byteLength(text);
  return inMessage === text.length ? inMessage : Math.max(inMessage, 2 * text.length);
}
