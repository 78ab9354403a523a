// Requests that come again: under a key that was answered before, long after their time, or twice in one commit.
import { Refusal, refusalBody } from "../../core/errors.ts";
import { lookUp } from "../copy/keys.ts";
import type { Connection } from "../disk.ts";
import type { Outcome, PendingWrite, WriteResult } from "./draft.ts";

/** Fills in the results of writes that were applied before, or that come too late. @returns the indexes of the others, each key once */
export async function withoutKnown(
  writer: Connection,
  writes: readonly PendingWrite[],
  outcomes: Outcome[],
): Promise<readonly number[]> {
  if (writes.length === 0) return [];
  const { known, isLate } = await lookUp(
    writer,
    writes.map(({ item }) => item.key),
    writes.map(({ message }) => message),
  );
  const fresh: number[] = [];
  const seen = new Set<string>();
  for (const [i, { item, message }] of writes.entries()) {
    const before = known.get(item.key);
    if (before !== undefined) {
      const reused = item.hash !== undefined && before.hash !== null && item.hash !== before.hash;
      outcomes[i] = reused ? keyReused : { ok: before.ok, body: before.answer, position: before.position };
    } else if (isLate(message)) outcomes[i] = tooLate;
    else if (!seen.has(item.key)) {
      seen.add(item.key);
      fresh.push(i);
    }
  }
  return fresh;
}

/** Two deliveries of one request can meet in one commit: the second gets the first one's answer. */
export function repeatTwins(writes: readonly PendingWrite[], outcomes: Outcome[]): void {
  const first = new Map<string, number>();
  for (const [i, { item }] of writes.entries()) {
    const twin = first.get(item.key);
    if (twin === undefined) first.set(item.key, i);
    if (outcomes[i] !== undefined) continue;
    const outcome = twin === undefined ? undefined : outcomes[twin];
    if (outcome === undefined) throw new Error("a write went without a result");
    if (typeof outcome === "string") outcomes[i] = "left";
    else outcomes[i] = item.hash === writes[twin ?? i]?.item.hash ? outcome : keyReused;
  }
}

const refused = (refusal: Refusal): WriteResult => ({
  ok: false,
  body: JSON.stringify(refusalBody(refusal)),
  position: 0,
});

/** Its key may have been forgotten since it was applied. */
const tooLate = refused(
  new Refusal(
    "unavailable",
    "the request came long after its time; whether it was carried out is not known any more",
  ),
);

const keyReused = refused(
  new Refusal("key_reused", "this Idempotency-Key was used for another request", "Idempotency-Key"),
);
