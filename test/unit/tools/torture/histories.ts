// Small makers for histories.
import type {
  LedgerCount,
  LedgerWrite,
  Outcome,
  RegisterRead,
  RegisterWrite,
  TotalRead,
  Transfer,
} from "../../../../tools/torture/history.ts";

export const ledgerWrite = (op: string, change: Partial<LedgerWrite> = {}): LedgerWrite => ({
  kind: "ledger",
  op,
  parts: 1,
  key: op,
  client: "c1",
  sentAtMs: 10,
  doneAtMs: 20,
  outcome: "acked",
  position: 1,
  troubles: [],
  ...change,
});

export const registerWrite = (value: number, change: Partial<RegisterWrite> = {}): RegisterWrite => ({
  kind: "register",
  register: "r",
  value,
  key: `r-${value}`,
  client: "c1",
  sentAtMs: value * 100,
  doneAtMs: value * 100 + 50,
  outcome: "acked",
  position: value * 10,
  troubles: [],
  ...change,
});

export const registerRead = (value: number | null, change: Partial<RegisterRead> = {}): RegisterRead => ({
  kind: "readRegister",
  consistency: "plain",
  register: "r",
  minPosition: 0,
  value,
  worker: "w-2",
  client: "c2",
  sentAtMs: 1_000,
  doneAtMs: 1_010,
  outcome: "acked",
  position: 1,
  troubles: [],
  ...change,
});

export const ledgerCount = (rows: number, change: Partial<LedgerCount> = {}): LedgerCount => ({
  kind: "countLedger",
  of: "c1",
  rows,
  worker: "w-2",
  client: "c2",
  sentAtMs: 1_000,
  doneAtMs: 1_010,
  outcome: "acked",
  position: 1,
  troubles: [],
  ...change,
});

export const totalRead = (total: number, accounts: number): TotalRead => ({
  kind: "readTotal",
  how: "transaction",
  total,
  accounts,
  client: "c2",
  sentAtMs: 1_000,
  doneAtMs: 1_010,
  outcome: "acked",
  position: 0,
  troubles: [],
});

/** Moves 5 from a1 to a2. */
export const transfer = (op: string, change: Partial<Transfer> = {}): Transfer => ({
  kind: "transfer",
  op,
  source: "a1",
  target: "a2",
  amount: 5,
  client: "c1",
  sentAtMs: 10,
  doneAtMs: 20,
  outcome: "acked",
  position: 0,
  troubles: [],
  ...change,
});

export const unanswered = {
  outcome: "unknown" as Outcome,
  doneAtMs: Number.POSITIVE_INFINITY,
  position: 0,
  troubles: [],
};
