// PURE: which view the address asks for: `#data`, `#data/users`; whatever else is the cluster's.

export type Place =
  | { readonly view: "cluster" }
  /** The name of a table, or null for none. */
  | { readonly view: "data"; readonly table: string | null };

const form = /^#data(?:\/(.*))?$/s;

export function placeOf(hash: string): Place {
  const found = form.exec(hash);
  if (found === null) return { view: "cluster" };
  try {
    return { view: "data", table: decodeURIComponent(found[1] ?? "") || null };
  } catch {
    return { view: "data", table: null };
  }
}

export const hashOf = (table: string): string => `#data/${encodeURIComponent(table)}`;
