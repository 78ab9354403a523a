// What a page keeps in its browser. Where the browser keeps no data of sites (it then throws at the mere mention of a storage),
// or has no room, the page remembers it for as long as it is open.

export interface Kept {
  get(): string | null;
  set(value: string): void;
}

interface Shelf {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** @param storage named when it is needed, for naming it may throw */
export function keptIn(storage: () => Shelf, key: string): Kept {
  let here: string | null = null;
  return {
    get() {
      try {
        return here ?? storage().getItem(key);
      } catch {
        return here;
      }
    },
    set(value) {
      try {
        storage().setItem(key, value);
        here = null;
      } catch {
        here = value;
      }
    },
  };
}
