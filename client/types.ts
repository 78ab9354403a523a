// Written from the API's description by "node tools/client-types/main.ts". Not to be edited: a test compares the two.

export type ClusterEvent = {
  /** Its place in the order, for `since` and `Last-Event-ID` */
  readonly id: string;
  /** Unix time in ms */
  readonly atMs: number;
  /** The controller's cycle, as in its log */
  readonly reconcile: string;
  readonly severity: "info" | "warning";
  readonly reason: string;
  readonly message: string;
  readonly worker: string | null;
};

export type ClusterStatus = {
  readonly cluster: string;
  /** Of the manifest, as last read */
  readonly generation: number;
  /** Of the manifest, as last acted on */
  readonly observedGeneration: number;
  readonly desiredSlaves: number;
  readonly desiredReason: string;
  readonly readySlaves: number;
  readonly master: string | null;
  readonly epoch: number;
  readonly workers: readonly ({
    readonly name: string;
    readonly container: string;
    readonly host: string;
    readonly pid: number | null;
    readonly state: "joining" | "slave" | "draining" | "master" | "starting" | "dead" | "unknown";
    readonly epoch: number;
    readonly position: number;
    /** Records behind the master */
    readonly lag: number;
    /** For how long the master has had a record that this one has not */
    readonly lagMs: number;
    readonly readsServed: number;
    readonly writesServed: number;
    /** Unix time in ms */
    readonly sinceMs: number;
  })[];
  readonly hosts: readonly ({
    readonly name: string;
    readonly number: number;
    /** False while it is away, which does not mean that it is dead */
    readonly reachable: boolean;
    /** Since when it is reachable, or away; 0 when that is not known */
    readonly sinceMs: number;
    readonly workers: number;
    readonly leads: readonly ("master" | "stream" | "zookeeper" | "controller")[];
    /** What its loss would cost now; empty while it is away */
    readonly lossWouldCost: string;
  })[];
  readonly copies: readonly {
    readonly worker: string;
    readonly epoch: number;
    readonly position: number;
    /** False until a worker has opened it */
    readonly known: boolean;
    /** Whether a worker runs on it */
    readonly mounted: boolean;
    /** Its worker led last, so it holds every acknowledged write */
    readonly lastMaster: boolean;
  }[];
  readonly window: {
    readonly reads: number;
    /** Unix time in ms */
    readonly startedAtMs: number;
    /** Unix time in ms */
    readonly endsAtMs: number;
  } | null;
  readonly conditions: readonly ({
    readonly type: "Ready" | "MasterAvailable" | "DataComplete" | "SlavesAvailable" | "Scaling" | "ManifestValid" | "ManifestApplied" | "Degraded" | "Paused" | "HostsAvailable" | "Redundant";
    readonly status: "True" | "False" | "Unknown";
    readonly reason: string;
    readonly message: string;
    /** Unix time in ms */
    readonly sinceMs: number;
  })[];
  readonly foreign: readonly {
    readonly name: string;
    readonly reason: string;
  }[];
  readonly failovers: readonly ({
    /** Unix time in ms */
    readonly atMs: number;
    readonly from: string | null;
    readonly to: string;
    readonly epoch: number;
    /** How long there was no master; null when unknown */
    readonly gapMs: number | null;
  })[];
  readonly lastCycle: {
    readonly id: string;
    /** Unix time in ms */
    readonly atMs: number;
    readonly tookMs: number;
  };
};

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
};

export type ErrorAnswer = {
  readonly error: {
    /** For programs */
    readonly code: "bad_request" | "unknown_table" | "unknown_column" | "unauthenticated" | "forbidden" | "not_found" | "method_not_allowed" | "conflict" | "constraint_violation" | "key_reused" | "too_large" | "unsupported_media_type" | "poison_request" | "query_timeout" | "rate_limited" | "headers_too_large" | "internal" | "not_fresh" | "unavailable" | "storage_full";
    /** For people */
    readonly message: string;
    /** Which field or header is wrong, for instance `rows[2].age` */
    readonly field?: string;
  };
};

/** Adds rows, all or none. */
export type Insert = {
  readonly op: "insert";
  readonly table: string;
  readonly row: Row;
} | {
  readonly op: "insert";
  readonly table: string;
  readonly rows: readonly Row[];
};

/** A single value that is there: a text, a number, true or false */
export type Known = string | number | bigint | boolean;

/** `age desc, name`, or a list of such texts and of objects */
export type OrderBy = string | readonly (string | {
  readonly column: string;
  readonly descending?: boolean;
})[];

/** A text in which `%` stands for any characters and `_` for one; after the character `escape` they stand for themselves. At most 1000 bytes. */
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

export type Stats = {
  /** Unix time in ms */
  readonly atMs: number;
  readonly api: string;
  readonly reads: {
    readonly total: number;
    readonly perSecond: number;
    readonly failedPerSecond: number;
    readonly p50Ms: number | null;
    readonly p95Ms: number | null;
    readonly p99Ms: number | null;
    readonly inFlight: number;
  };
  readonly writes: {
    readonly total: number;
    readonly perSecond: number;
    readonly failedPerSecond: number;
    readonly p50Ms: number | null;
    readonly p95Ms: number | null;
    readonly p99Ms: number | null;
    readonly inFlight: number;
  };
  readonly queues: {
    readonly readQ: number;
    readonly writeQ: number;
    readonly syncQ: number;
    readonly responseQ: number;
    readonly deadQ: number;
  } | null;
  readonly reachable: {
    readonly rabbitmq: boolean;
    readonly zookeeper: boolean;
    readonly controller: boolean;
  };
  readonly scaling: {
    readonly baseline: number;
    readonly min: number;
    readonly max: number;
    readonly windowMs: number;
    readonly readsPerSlave: number;
  } | null;
};

/** Changes all rows of which the condition holds. `1=1` stands for every row. */
export type Update = {
  readonly op: "update";
  readonly table: string;
  readonly set: Row;
  readonly where: Where;
};

/** Adds rows; one whose primary key is there already takes that one's place. */
export type Upsert = {
  readonly op: "upsert";
  readonly table: string;
  readonly row: Row;
} | {
  readonly op: "upsert";
  readonly table: string;
  readonly rows: readonly Row[];
};

/** A single value of a column. Whole numbers of more than 15 digits keep every digit. A column takes values of its type only, and a text column numbers, too, of which it keeps the text; a counted key is at most 2^53-1. */
export type Value = string | number | bigint | boolean | null;

/** A condition, or a list of conditions that must all hold. At most 256 comparisons. */
export type Where = Condition | readonly (Condition | null)[] | null;

export type WriteAnswer = {
  readonly rowsAffected: number;
  /** The write's place in the log */
  readonly position: number;
  /** Numbers that the database gave to inserted rows */
  readonly ids?: readonly number[];
};

/** One of each kind. */
export type Read = Select | Count;

/** One of each kind. */
export type Write = Insert | Upsert | Update | Delete;
