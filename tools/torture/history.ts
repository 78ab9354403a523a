// PURE. What the clients did and were told, in the order in which they began it. The checker judges nothing but this and what
// the copies and the log hold afterwards. Times are ms since the run began, by the monotonic clock.

/** acked: answered with success. unknown: no answer came. refused: answered with an error that is final. */
export type Outcome = "acked" | "unknown" | "refused";

interface Operation {
  readonly client: string;
  readonly sentAtMs: number;
  /** Infinity while it is not over. */
  doneAtMs: number;
  outcome: Outcome;
  /** Of the answer; 0 without one. */
  position: number;
  readonly troubles: Trouble[];
}

/** What a request was told instead of an answer that serves, each time that it was sent: a status, or the connection's error. */
interface Trouble {
  readonly atMs: number;
  readonly what: string;
}

interface WriteOperation extends Operation {
  /** The idempotency key, null when the client gave none. */
  readonly key: string | null;
}

/** Adds `parts` rows under one name, in one request: all of them or none. */
export interface LedgerWrite extends WriteOperation {
  readonly kind: "ledger";
  readonly op: string;
  readonly parts: number;
}

/** Each register has one writer, which counts upwards and goes on only when it knows that its last value stands. */
export interface RegisterWrite extends WriteOperation {
  readonly kind: "register";
  readonly register: string;
  readonly value: number;
}

export type Write = LedgerWrite | RegisterWrite;

/** session: with the position of what the client has seen. strong: sees what was answered before. plain: neither. */
export type Consistency = "session" | "strong" | "plain";

export interface RegisterRead extends Operation {
  readonly kind: "readRegister";
  readonly consistency: Consistency;
  readonly register: string;
  readonly minPosition: number;
  /** Null when there is no such row. */
  value: number | null;
  worker: string;
}

/** A strong count of a client's ledger rows. */
export interface LedgerCount extends Operation {
  readonly kind: "countLedger";
  readonly of: string;
  rows: number;
  worker: string;
}

/** What all accounts hold together: in one statement, or one after another in a transaction. */
export interface TotalRead extends Operation {
  readonly kind: "readTotal";
  readonly how: "statement" | "transaction";
  total: number;
  accounts: number;
}

export type Read = RegisterRead | LedgerCount | TotalRead;

/** Transactions move amounts between them: what they hold together never changes. */
export const accounts: readonly string[] = ["a1", "a2", "a3", "a4", "a5", "a6"];
/** What each holds in the beginning. */
export const accountStart = 1_000;

/** A transaction of a libSQL client: it reads two accounts, moves an amount from one to the other, and notes what it has read. */
export interface Transfer extends Operation {
  readonly kind: "transfer";
  readonly op: string;
  readonly source: string;
  readonly target: string;
  readonly amount: number;
}

/** An operation that has just been sent. */
export const begun = (client: string, sentAtMs: number): Operation => ({
  client,
  sentAtMs,
  doneAtMs: Number.POSITIVE_INFINITY,
  outcome: "unknown",
  position: 0,
  troubles: [],
});

export interface History {
  readonly writes: Write[];
  readonly reads: Read[];
  /** The outcome refused: it was undone, by its client or by the service. */
  readonly transfers: Transfer[];
  /** Answers that no client should ever get, in words. */
  readonly odd: string[];
}

export const emptyHistory = (): History => ({ writes: [], reads: [], transfers: [], odd: [] });

export interface Violation {
  /** For instance "acknowledged write lost". */
  readonly rule: string;
  readonly evidence: string;
}
