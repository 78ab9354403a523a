// PURE. The rows that the bench works on. Every value follows from the row's id, so that an answer can be checked by
// a reader that knows the id alone.

export interface Account {
  readonly id: number;
  readonly owner: string;
  readonly balance: number;
  readonly note: string;
}

export const accountColumns = ["id", "owner", "balance", "note"] as const;

export const accountOf = (id: number): Account => ({
  id,
  owner: `owner-${(id * 7919) % 1_000_003}`,
  balance: (id * 104_729) % 1_000_000,
  note: `Row ${id}, about as long as what people write.`,
});

/** Tables: `accounts` is filled once and read, `entries` takes the writes. */
export const tables = { read: "accounts", written: "entries" } as const;
