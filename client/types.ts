// Written from the API's description by "node tools/client-types/main.ts". Not to be edited: a test compares the two.

/** A list of column names; a text names one column, several between commas, or all of them (`*`) */
export type Columns = readonly string[] | string;

/** Operators and what the column is compared with; all must hold */
export type Comparisons = {
  readonly "="?: Value;
  readonly "!="?: Value;
  readonly "<"?: Known;
  readonly "<="?: Known;
  readonly ">"?: Known;
  readonly ">="?: Known;
  readonly in?: readonly Known[];
  readonly "not in"?: readonly Known[];
  readonly like?: Pattern;
  readonly "not like"?: Pattern;
};

/** An object of columns, each with a value it equals, a list of values it is among, or comparisons; all must hold. Or a text with = != < <= > >= IN, LIKE … ESCAPE, IS NULL, AND OR NOT and parentheses, which means what it means in SQLite: a text stands in single quotes; a word without quotes or in double quotes is the column of that name, or, on the right of a column, a text if the table has no such column; a word in backticks is always a column. A value that cannot be compared with its column's type is refused. The text is parsed, and never becomes SQL as it is. */
export type Condition = string | { readonly [name: string]: Value | readonly Known[] | Comparisons };

/** How many rows there are. */
export type Count = {
  readonly table: string;
  readonly count: true | 1;
  readonly where?: Where;
  /** `strong` sees every write that was answered before */
  readonly consistency?: "eventual" | "strong";
};

/** Deletes all rows of which the condition holds. `1=1` stands for every row. */
export type Delete = {
  readonly op: "delete";
  readonly table: string;
  readonly where: Where;
  /** Nothing is done when another number of rows would change */
  readonly expect?: {
    readonly rowsAffected: number;
  };
};

export type ErrorAnswer = {
  readonly error: {
    /** For programs */
    readonly code: "bad_request" | "unknown_table" | "unknown_column" | "unauthenticated" | "forbidden" | "not_found" | "method_not_allowed" | "conflict" | "constraint_violation" | "key_reused" | "unexpected_result" | "too_large" | "unsupported_media_type" | "poison_request" | "query_timeout" | "rate_limited" | "headers_too_large" | "internal" | "not_fresh" | "unavailable" | "storage_full";
    /** For people */
    readonly message: string;
    /** Which field or header is wrong, for instance `rows[2].age` */
    readonly field?: string;
    /** Of SQL: SQLite's name of the error, for instance `SQLITE_CONSTRAINT_UNIQUE` */
    readonly sqlite?: string;
  };
};

/** Adds rows, all or none. */
export type Insert = {
  readonly op: "insert";
  readonly table: string;
  readonly row: Row;
  /** Nothing is done when another number of rows would change */
  readonly expect?: {
    readonly rowsAffected: number;
  };
} | {
  readonly op: "insert";
  readonly table: string;
  readonly rows: readonly Row[];
  /** Nothing is done when another number of rows would change */
  readonly expect?: {
    readonly rowsAffected: number;
  };
};

/** A single value that is there: a text, a number, true or false */
export type Known = string | number | bigint | boolean;

/** `age desc, name`, or a list of such texts and of objects */
export type OrderBy = string | readonly (string | {
  readonly column: string;
  readonly descending?: boolean;
})[];

/** A list of values, in the order of `?`; or an object of names and values, for `:name`, `@name` and `$name` */
export type Params = readonly SqlValue[] | { readonly [name: string]: SqlValue } | null;

/** A text in which `%` stands for any characters and `_` for one; after the character `escape` they stand for themselves. At most 1000 bytes, in an update or delete 200. */
export type Pattern = string | {
  readonly pattern: string;
  readonly escape: string;
};

/** The rows; for a count, one row with `count` */
export type ReadAnswer = readonly Row[];

/** Columns and their values. All rows of one request have the same columns. */
export type Row = { readonly [name: string]: Value };

/** Rows of a table. Without `columns` all of them; without `orderBy` in no order to rely on. An answer of more than 100000 rows is refused: `limit` and `offset` page. */
export type Select = {
  readonly table: string;
  readonly columns?: Columns;
  readonly where?: Where;
  readonly orderBy?: OrderBy;
  readonly limit?: number;
  readonly offset?: number;
  /** `strong` sees every write that was answered before */
  readonly consistency?: "eventual" | "strong";
};

/** One statement of SQL that only reads. Its answer has columns, and rows as lists. */
export type Sql = {
  /** One statement in SQLite's SQL, with `?`, `?1` or `:name` where values stand */
  readonly sql: string;
  readonly params?: Params;
  /** `strong` sees every write that was answered before */
  readonly consistency?: "eventual" | "strong";
};

export type SqlAnswer = {
  readonly columns: readonly ({
    readonly name: string;
    /** As the table declares it */
    readonly type: string | null;
  })[];
  /** Each a list of values, in the order of the columns */
  readonly rows: readonly (readonly SqlAnswerValue[])[];
};

/** Whole numbers and doubles with all their digits; a blob in base64 */
export type SqlAnswerValue = string | number | bigint | null | {
  readonly base64: string;
};

/** A value as SQLite has it. `integer` is a whole number digit by digit, `real` a double though it looks like a whole number, `base64` a blob. A whole number of more than 15 digits outside of `integer` is taken as the text of its digits. */
export type SqlValue = string | number | bigint | boolean | null | {
  readonly integer: string | number;
} | {
  readonly real: string | number;
} | {
  readonly base64: string;
};

/** One statement of SQL, all of it or nothing. `CREATE`, `ALTER` and `DROP` need the role that the manifest's `requests.schemaBySql` names. */
export type SqlWrite = {
  /** One statement in SQLite's SQL, with `?`, `?1` or `:name` where values stand */
  readonly sql: string;
  readonly params?: Params;
  /** Nothing is done when another number of rows would change */
  readonly expect?: {
    readonly rowsAffected: number;
  };
};

/** SQL or a row form */
export type Statement = SqlWrite | Insert | Upsert | Update | Delete;

/** Several statements, SQL and row forms, in their order: all of them or nothing. Its answer has a result for each. */
export type Statements = {
  readonly statements: readonly Statement[];
};

/** Changes all rows of which the condition holds. `1=1` stands for every row. */
export type Update = {
  readonly op: "update";
  readonly table: string;
  readonly set: Row;
  readonly where: Where;
  /** Nothing is done when another number of rows would change */
  readonly expect?: {
    readonly rowsAffected: number;
  };
};

/** Adds rows; one whose primary key is there already takes that one's place. */
export type Upsert = {
  readonly op: "upsert";
  readonly table: string;
  readonly row: Row;
  /** Nothing is done when another number of rows would change */
  readonly expect?: {
    readonly rowsAffected: number;
  };
} | {
  readonly op: "upsert";
  readonly table: string;
  readonly rows: readonly Row[];
  /** Nothing is done when another number of rows would change */
  readonly expect?: {
    readonly rowsAffected: number;
  };
};

/** A single value of a column. Whole numbers of more than 15 digits keep every digit. A column takes values of its type only, and a text column numbers, too, of which it keeps the text; a counted key is at most 2^53-1. */
export type Value = string | number | bigint | boolean | null;

/** A condition, or a list of conditions that must all hold. At most 256 comparisons. */
export type Where = Condition | readonly (Condition | null)[] | null;

export type WriteAnswer = {
  readonly rowsAffected: number;
  /** Numbers that the database gave to inserted rows */
  readonly ids?: readonly number[];
  /** Of SQL: the number of the row that was inserted last, in a table whose rows have numbers */
  readonly lastInsertRowid?: number;
  readonly columns?: readonly ({
    readonly name: string;
    /** As the table declares it */
    readonly type: string | null;
  })[];
  /** Each a list of values, in the order of the columns */
  readonly rows?: readonly (readonly SqlAnswerValue[])[];
  /** The write's place in the log */
  readonly position: number;
  /** Of several statements: what came of each, in their order */
  readonly results?: readonly ({
    readonly rowsAffected: number;
    /** Numbers that the database gave to inserted rows */
    readonly ids?: readonly number[];
    /** Of SQL: the number of the row that was inserted last, in a table whose rows have numbers */
    readonly lastInsertRowid?: number;
    readonly columns?: readonly ({
      readonly name: string;
      /** As the table declares it */
      readonly type: string | null;
    })[];
    /** Each a list of values, in the order of the columns */
    readonly rows?: readonly (readonly SqlAnswerValue[])[];
  })[];
};

/** One of each kind. */
export type Read = Select | Count;

/** One of each kind. */
export type Write = Insert | Upsert | Update | Delete | SqlWrite | Statements;
