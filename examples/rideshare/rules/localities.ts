// PURE: the places rides go between. The application knows them by number only: 1 to 198, sent as numbers or as digits.

const firstLocality = 1;
const lastLocality = 198;

/** @returns the locality's number, or undefined when the value names none */
export function parseLocality(value: unknown): number | undefined {
  const number = typeof value === "string" && /^[0-9]+$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number)) return undefined;
  return number >= firstLocality && number <= lastLocality ? number : undefined;
}

export interface Route {
  readonly source: number;
  readonly destination: number;
}

/** A ride goes from one known locality to another one. */
export function parseRoute(source: unknown, destination: unknown): Route | undefined {
  const from = parseLocality(source);
  const to = parseLocality(destination);
  if (from === undefined || to === undefined || from === to) return undefined;
  return { source: from, destination: to };
}
