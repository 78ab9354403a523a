// PURE: what a field of the manifest is, and what stands together under one key: plain data, of which the validators are made
// (`spec-schema.ts`), and the defaults (`defaults.ts`).
import type { Kind, ReadAs, WrittenAs } from "./kinds.ts";

/** What the running cluster does about a change. Each field has its own: what stands in one group need not have one effect. */
export const effects = {
  controller: "the controller goes by it at once",
  slaves: "the controller starts or drains slaves",
  workers: "every worker is replaced, one by one",
  running: "the running workers go by it at once, also for what they keep already",
  sessions: "every worker begins a new session with ZooKeeper",
  nextLog: "it counts for the next log; the present one keeps to what it was made with",
  requests: "it holds for the requests from then on",
  backups: "the next backup goes by it",
  tables: "the master adds what is new; what holds data is never dropped or changed",
} as const;
type Effect = keyof typeof effects;

/** How people write the value. In the code, times are ms and sizes are bytes. */
export type Unit = "duration" | "size" | "plain";

interface Entry<K extends Kind> {
  /** The name in the manifest; the name in this table, which the code uses, ends in the unit. */
  readonly key: string;
  readonly value: K;
  /** As the manifest writes it. What an earlier controller published without this field counts as having it. */
  readonly fallback: WrittenAs<K>;
  readonly effect: Effect;
  readonly says: string;
}

export interface Field<K extends Kind = Kind> extends Entry<K> {
  readonly unit: Unit;
}

type Key = string | number;
export type Report = (path: readonly Key[], message: string) => void;

export interface Group<F extends Fields = Fields> {
  readonly key: string;
  readonly fields: F;
  /** What must hold between its fields, each of which is right by itself. */
  check?(values: ValuesOf<F>, report: Report): void;
  /** What a value stands for that says "as another one does". Done to what is done already it changes nothing. */
  settle?(values: ValuesOf<F>): ValuesOf<F>;
}

export type Fields = { readonly [name: string]: Field | Group };

/** The fields under the names that the code uses. */
export type ValuesOf<F extends Fields> = {
  readonly [N in keyof F]: F[N] extends { readonly fields: infer G extends Fields }
    ? ValuesOf<G>
    : F[N] extends { readonly value: infer K extends Kind }
      ? ReadAs<K>
      : never;
};

const unitOf = ({ kind }: Kind): Unit => {
  if (kind === "size") return "size";
  return kind === "duration" || kind === "durationOrNever" ? "duration" : "plain";
};

export const field = <const K extends Kind>(entry: Entry<K>): Field<K> => ({
  ...entry,
  unit: unitOf(entry.value),
});

type Between<F extends Fields> = Pick<Group<F>, "check" | "settle">;

/** What stands together under a key; all of it may be left out. */
export const group = <F extends Fields>(key: string, fields: F, between: Between<F> = {}): Group<F> => ({
  key,
  fields,
  ...between,
});
