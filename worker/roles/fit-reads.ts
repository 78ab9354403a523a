// PURE. Reads of one shape, before they run: their values as the columns take them.
import { Refusal } from "../../protocol/errors.ts";
import type { ReadItem } from "../../protocol/queues.ts";
import type { ReadShape } from "../../protocol/statement.ts";
import type { CompiledShapes } from "../sql/compiled.ts";

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
  if (compiled.read(shape).uses.length === 0) return { fitting: items, refused: [], apart: [] };
  const fitting: ReadItem[] = [];
  const refused: { item: ReadItem; refusal: Refusal }[] = [];
  const apart: { item: ReadItem; shape: ReadShape }[] = [];
  for (const item of items)
    try {
      const fit = compiled.fitRead(shape, item.params);
      const fittedItem = fit.params === item.params ? item : { ...item, params: fit.params };
      if (fit.shape === shape) fitting.push(fittedItem);
      else apart.push({ item: fittedItem, shape: fit.shape });
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      refused.push({ item, refusal });
    }
  return { fitting, refused, apart };
}
