// PURE: how long to wait after failures in a row.

/** After the first failure, doubled with each further one in a row. */
export interface BackOff {
  readonly firstMs: number;
  readonly maxMs: number;
}

const doublingsMax = 30;

/** @param failuresInARow the last one counted in */
export const backOffMs = ({ firstMs, maxMs }: BackOff, failuresInARow: number): number =>
  failuresInARow === 0 ? 0 : Math.min(maxMs, firstMs * 2 ** Math.min(failuresInARow - 1, doublingsMax));
