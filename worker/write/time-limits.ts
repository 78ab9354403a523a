// PURE. How long a write may run before it is interrupted: by what it does, and by who waits behind it.
import { Refusal } from "../../core/errors.ts";
import type { WriteShape } from "../../core/messages/statement.ts";
import type { CommitLimits, PendingWrite } from "./draft.ts";

/** No further request is begun in a commit that has taken so long. */
const budgetMs = 100;
/** What a request may take in the company of others; one that takes longer is tried again alone. */
const togetherMs = 100;
/** What a request may take alone while others wait. */
const pressedMs = 200;
/** A clear is an administrator's, and takes what the size of the data asks for. */
const clearMs = 60_000;

interface Bound {
  /** What it may take while no other waits. */
  readonly ms: (queryMs: number) => number;
  /** More than others may wait for it: then it is tried apart from them. */
  readonly isLongInCompany: boolean;
  /** It is interrupted for those who wait. */
  readonly yields: boolean;
}

const byQuery: Bound = { ms: (queryMs) => queryMs, isLongInCompany: true, yields: true };
/** The work is bounded by the size of the request's body. */
const byBody: Bound = { ms: (queryMs) => queryMs, isLongInCompany: false, yields: false };

const bounds: Readonly<Record<WriteShape["kind"], Bound>> = {
  insert: byBody,
  update: byQuery,
  delete: byQuery,
  clear: { ms: () => clearMs, isLongInCompany: true, yields: false },
  barrier: byBody,
};

const ownMs = ({ kind }: WriteShape, queryMs: number): number => bounds[kind].ms(queryMs);

/** Whether one that ran too long in the company of others may take longer alone. */
export const mayTakeLongerAlone = ({ kind }: WriteShape): boolean => bounds[kind].isLongInCompany;

/** @param queryMs what one request may take while no other waits */
export const limitsTogether = (queryMs: number): CommitLimits => ({
  budgetMs,
  mayGoOn: ({ shape }: PendingWrite, ranMs: number) => {
    const ms = ownMs(shape, queryMs);
    return ranMs < (mayTakeLongerAlone(shape) ? Math.min(togetherMs, ms) : ms);
  },
});

export const limitsAlone = (queryMs: number, isPressed: () => boolean): CommitLimits => ({
  budgetMs,
  mayGoOn: ({ shape }: PendingWrite, ranMs: number) =>
    ranMs < ownMs(shape, queryMs) && (ranMs < pressedMs || !bounds[shape.kind].yields || !isPressed()),
});

export const tooSlow = (shape: WriteShape, queryMs: number): Refusal =>
  new Refusal(
    "query_timeout",
    `the write was interrupted: it may run for ${ownMs(shape, queryMs)} ms, and for ${pressedMs} ms while others wait`,
  );
