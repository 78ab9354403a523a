// PURE. Reads of one shape, before they run: their values as the columns take them.
import { Refusal } from "../../core/errors.ts";
import type { ReadItem } from "../../core/messages/queues.ts";
import type { ReadShape } from "../../core/messages/statement.ts";
import type { CompiledShapes } from "../sql/compiled.ts";
import { fitted } from "../sql/settle.ts";

export interface FittedReads {
  /** Those that the shape stands for as it is. */
  readonly fitting: readonly ReadItem[];
  readonly refused: readonly { readonly item: ReadItem; readonly refusal: Refusal }[];
  /** Those in whose conditions a word is a column: each has a shape of its own. */
  readonly apart: readonly { readonly item: ReadItem; readonly shape: ReadShape }[];
}

export function fitReads(
  compiled: CompiledShapes,
  shape: ReadShape,
  items: readonly ReadItem[],
): FittedReads {
  const { table, uses } = compiled.read(shape);
  if (uses.length === 0) return { fitting: items, refused: [], apart: [] };
  const fitting: ReadItem[] = [];
  const refused: { item: ReadItem; refusal: Refusal }[] = [];
  const apart: { item: ReadItem; shape: ReadShape }[] = [];
  for (const item of items)
    try {
      const params = fitted(table, uses, item.params);
      if (params === item.params) fitting.push(item);
      else if (params !== undefined) fitting.push({ ...item, params });
      else {
        const own = compiled.fitRead(shape, item.params);
        apart.push({ item: { ...item, params: own.params }, shape: own.shape });
      }
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      refused.push({ item, refusal });
    }
  return { fitting, refused, apart };
}
