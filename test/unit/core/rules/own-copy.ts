// A worker's own copy, and what is made of it, in the tests of the rules of trust.
import { type OwnCopy, type Seen, standingOf } from "../../../../core/rules/trust.ts";
import type { Place } from "../../../../core/state/znodes.ts";

export const at = (epoch: number, position: number): Place => ({ epoch, position });

export const own = (change: Partial<OwnCopy> = {}): OwnCopy => ({
  name: "w-2",
  copyId: undefined,
  place: at(5, 100),
  joint: "joined",
  vouchedUnder: null,
  ...change,
});

export const kindOf = (mine: OwnCopy, all: Seen) => standingOf(mine, all).kind;

export const whyOf = (mine: OwnCopy, all: Seen): string => {
  const verdict = standingOf(mine, all);
  return verdict.kind === "wait" ? verdict.why : `no wait but ${verdict.kind}`;
};
