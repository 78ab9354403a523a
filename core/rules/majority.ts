// PURE. What any decision of several servers needs.

/** How many of all must take part, so that any two such groups share one. */
export const majorityOf = (all: number): number => Math.floor(all / 2) + 1;
