// What a request asks of the database, after parsing and before SQL.
// A statement is a SHAPE (what it does, with numbered holes) and its parameters (what goes into the holes). Requests that
// differ only in their values share a shape, so they travel, compile and run together. No text of a client is ever SQL:
// identifiers in a shape are checked against the schema by the worker, values only ever fill holes.

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
  /** Columns that stand in lists of one condition, each of which becomes a comparison. */
  listedColumnsMax: 256,
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

export type ReadShape =
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

export type WriteShape =
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

export interface ReadStatement {
  readonly shape: ReadShape;
  readonly params: readonly Param[];
}

export interface WriteStatement {
  readonly shape: WriteShape;
  /** An insert has one row of parameters for each row; every other shape has exactly one, perhaps empty. */
  readonly rows: readonly (readonly Param[])[];
}
