// The header by which a client asks for a copy that has its own last write.
import { Refusal } from "../../core/errors.ts";

/** @throws Refusal when it is there and is not a position */
export function minPositionFrom(header: string | readonly string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  const position = typeof header === "string" && /^\d{1,16}$/.test(header) ? Number(header) : Number.NaN;
  if (Number.isSafeInteger(position)) return position;
  throw new Refusal("bad_request", "must be a position as X-DBaaS-Position gave it", "X-DBaaS-Min-Position");
}
