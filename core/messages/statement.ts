// What a request asks of the database, after parsing and before SQL.
// A statement is a SHAPE (what it does, with numbered holes) and its parameters (what goes into the holes). Requests that
// differ only in their values share a shape, so they travel, compile and run together. In the row forms no text of a client is
// ever SQL: identifiers in a shape are checked against the schema by the worker, values only ever fill holes. SQL of a client runs
// only where `worker/sqlite-extension/dbaas.c` keeps it to what a client may touch.

/** A value of a column, as it stands in JSON. Booleans are kept as 0 and 1. */
export type Value = string | number | boolean | null;

/** What fills a hole: one value, or the list on the right of `in`. */
export type Param = Value | readonly Value[];

/** What the workers refuse beyond: the API's description names it, too. */
export const statementLimits = {
  /** Of one answer: the client should page. */
  rowsMax: 100_000,
  /** One comparison with a pattern cannot be interrupted; its time is bounded by the lengths of text and pattern. */
  patternBytesMax: 1_000,
  /**
   * In what is asked of the master, where all writes wait for it: a write, and the reads in one and in a transaction. The extension holds
   * SQL to the same.
   */
  writtenPatternBytesMax: 200,
  /** Columns that stand in lists of one condition, each of which becomes a comparison. */
  listedColumnsMax: 256,
  /** Of one SQL statement. */
  sqlBytesMax: 100_000,
  /** Of one request that is carried out as a whole. */
  statementsMax: 1_000,
  /** What a write may answer: it is kept under its key, on every copy. */
  writtenAnswerBytesMax: 1024 * 1024,
} as const;

export type Comparison = "=" | "!=" | "<" | "<=" | ">" | ">=";

/**
 * `param` is an index into the request's parameters. NOT IN and IS NOT NULL are `not` around their opposite.
 *
 * A word without quotes or in double quotes, on the right of a column, is the column of that name where the table has one, and
 * else a text. Such a text is marked (`word`, `words`), and a worker, who knows the table, settles what it is before anything is
 * carried out. A worker of an earlier version takes it for a text, and refuses what else it does not know: a parameter or a
 * column is missing there.
 */
export type Condition =
  | { readonly op: "and" | "or"; readonly of: readonly Condition[] }
  | { readonly op: "not"; readonly of: Condition }
  | { readonly op: Comparison; readonly column: string; readonly param: number; readonly word?: true }
  /** `words` are indexes into the list. */
  | { readonly op: "in"; readonly column: string; readonly param: number; readonly words?: readonly number[] }
  | Columns
  | Like
  | { readonly op: "isNull"; readonly column: string }
  | { readonly op: "const"; readonly value: boolean };

/** Two columns of one row. `listed`: `other` stood in the list of an IN, which converts only the list's side. */
export interface Columns {
  readonly op: Comparison;
  readonly column: string;
  readonly other: string;
  readonly listed?: true;
}

interface AnyLike {
  readonly op: "like";
  readonly column: string;
  /** Texts are compared to their end, beyond U+0000 too. Set by the worker: earlier records of the log have it not. */
  readonly whole?: true;
  readonly word?: true;
}

export type Like =
  | (AnyLike & { readonly param: number })
  /** `escape` is the parameter with the character after which a `%` or `_` of the pattern stands for itself. */
  | (AnyLike & { readonly pattern: number; readonly escape: number });

export const isColumns = (condition: Condition): condition is Columns => "other" in condition;

export interface Order {
  readonly column: string;
  readonly descending: boolean;
}

/** What JSON has no form for, as a parameter of SQL: a whole number digit by digit, a double, a blob in base64. */
export type TypedParam = readonly [type: "integer" | "real" | "blob", value: string];

/** One row of parameters, in the order of `?`, or of `names`. One of a type that JSON has not is a `TypedParam`. */
export interface SqlShape {
  readonly kind: "sql";
  readonly sql: string;
  readonly names?: readonly string[];
  /** It may change the schema: the API has asked for the role. Without the mark no statement does. */
  readonly schema?: true;
  /** It is not run: what it is, and what it takes and gives, is answered. Of a read only. */
  readonly describe?: true;
}

export type ReadShape =
  | SqlShape
  | {
      readonly kind: "select";
      readonly table: string;
      /** In the order the client wants them; "*" is every column in the schema's order. */
      readonly columns: readonly string[] | "*";
      readonly where?: Condition;
      readonly orderBy?: readonly Order[];
      /** Indexes of parameters. */
      readonly limit?: number;
      readonly offset?: number;
    }
  | { readonly kind: "count"; readonly table: string; readonly where?: Condition };

/** A statement of a request that is carried out as a whole. */
export interface Part {
  readonly shape: PartShape;
  /** How many of the request's rows are its. */
  readonly rows: number;
  /** All is undone when it changes another number of rows. */
  readonly expect?: number;
  /** Of a transaction: a statement of SQL that only reads. */
  readonly reads?: true;
  /** Of a transaction: what its client was told came of it, as a hash. All is undone when something else does. */
  readonly gave?: string;
}

/** What the statements of a client's transaction have in common, each time that they are carried out. */
export interface Transaction {
  /** Unix ms: what `now` is in them. */
  readonly atMs: number;
  /** What their chance comes from. */
  readonly seed: string;
  /** References to other rows are not heeded in it; when it is committed, each must lead somewhere. */
  readonly references?: "off";
  /** All of it is undone, and its answers say what came of each statement that the client was told nothing of. */
  readonly trial?: { readonly minPosition: number };
}

/** Of a transaction: what its client does with the savepoint of this depth, the outermost being 0. Its one row is empty. */
export interface SavepointPart {
  readonly shape: {
    readonly kind: "savepoint";
    readonly does: "set" | "release" | "undo";
    readonly depth: number;
  };
  readonly rows: 1;
}

export type TransactionPart = Part | SavepointPart;

export const isSavepoint = (part: TransactionPart): part is SavepointPart => part.shape.kind === "savepoint";

export type PartShape = Extract<WriteShape, { readonly kind: "insert" | "update" | "delete" | "sql" }>;

/** All or none of its parts, in their order. It never stands in the log: each part does. `lone`: one that is answered for itself. */
export interface Together {
  readonly kind: "batch";
  readonly parts: readonly Part[];
  readonly lone?: true;
  readonly transaction?: undefined;
}

/** The same of a client's transaction. */
export interface WholeTransaction {
  readonly kind: "batch";
  readonly parts: readonly TransactionPart[];
  readonly transaction: Transaction;
}

export type WriteShape =
  | SqlShape
  | Together
  | WholeTransaction
  | {
      readonly kind: "insert";
      readonly table: string;
      readonly columns: readonly string[];
      /** "update" makes it an upsert: a row with the same primary key takes the new values. */
      readonly onConflict?: "update";
    }
  /** One row of parameters: first the new values of `set` in order, then those of `where`. */
  | {
      readonly kind: "update";
      readonly table: string;
      readonly set: readonly string[];
      readonly where: Condition;
    }
  | { readonly kind: "delete"; readonly table: string; readonly where: Condition }
  /** Empties every table. */
  | { readonly kind: "clear" }
  /** Changes nothing, but takes a place in the log: a strong read waits for it. */
  | { readonly kind: "barrier" };

/**
 * Since when workers know each kind. One of a later kind than it knows takes a worker down, and the next one, while an upgrade replaces
 * them. So a master tells how far it knows them, and the API refuses until then what is later: to be sent again. The next kind gets the
 * next number.
 */
export const knownSince = {
  select: 0,
  count: 0,
  insert: 0,
  update: 0,
  delete: 0,
  clear: 0,
  barrier: 0,
  sql: 1,
  batch: 1,
  savepoint: 1,
} as const satisfies Record<(ReadShape | WriteShape | TransactionPart["shape"])["kind"], number>;

/** How far this version knows them. */
export const knownStatements = Math.max(...Object.values(knownSince));

/** How far a worker must know them to carry this one out. */
export function neededFor(shape: WriteShape): number {
  let needed: number = knownSince[shape.kind];
  if (shape.kind === "batch")
    for (const { shape: part } of shape.parts) needed = Math.max(needed, knownSince[part.kind]);
  return needed;
}

export const changesSchema = (shape: WriteShape): boolean =>
  shape.kind === "batch"
    ? shape.parts.some((part) => part.shape.kind === "sql" && part.shape.schema === true)
    : shape.kind === "sql" && shape.schema === true;

export interface ReadStatement {
  readonly shape: ReadShape;
  readonly params: readonly Param[];
}

export interface WriteStatement {
  readonly shape: WriteShape;
  /** An insert has one row of parameters for each row, a batch those of its parts; every other shape has exactly one, perhaps empty. */
  readonly rows: readonly (readonly Param[])[];
}
