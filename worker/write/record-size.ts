// PURE but for its memory. About how large a record becomes. The record itself is measured before it is sent; making its text a
// second time would cost a bulk load a tenth.
import type { Param, WriteShape } from "../../core/messages/statement.ts";

/** A key, its hash and its message. */
export const keyBytes = 200;

export function bytesOfRows(rows: readonly (readonly Param[])[]): number {
  let bytes = 0;
  for (const row of rows) for (const param of row) bytes += bytesOfParam(param);
  return bytes;
}

const bytesOfParam = (param: Param): number => {
  if (typeof param === "string") return param.length + 3;
  if (Array.isArray(param)) return bytesOfRows([param]);
  return typeof param === "object" && param !== null ? JSON.stringify(param).length : 8;
};

const shapeBytes = new WeakMap<WriteShape, number>();

/** In the record each request has its own copy of the shape that it shared in its message. */
export function bytesOfShape(shape: WriteShape): number {
  const known = shapeBytes.get(shape);
  if (known !== undefined) return known;
  const bytes = Buffer.byteLength(JSON.stringify(shape));
  shapeBytes.set(shape, bytes);
  return bytes;
}
