// PURE: what a field of the manifest is, and what stands together under one key.
import { z } from "zod";
import { mapping } from "./values.ts";

/** What the running cluster does about a change. Each field has its own: what stands in one group need not have one effect. */
const effects = {
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
export type Effect = keyof typeof effects;

/** How people write the value. In the code, times are ms and sizes are bytes. */
export type Unit = "duration" | "size" | "plain";

interface Entry<S extends z.ZodType> {
  /** The name in the manifest; the name in this table, which the code uses, ends in the unit. */
  readonly key: string;
  readonly value: S;
  /** As the manifest writes it. */
  readonly fallback: z.input<S>;
  readonly unit?: Unit;
  readonly effect: Effect;
  readonly says: string;
}

export interface Field<S extends z.ZodType = z.ZodType> {
  readonly key: string;
  readonly unit: Unit;
  readonly effect: Effect;
  readonly schema: S;
}

export interface Group<S extends z.ZodType = z.ZodType> {
  readonly key: string;
  readonly fields: Fields;
  readonly schema: S;
}

export type Fields = { readonly [name: string]: Field | Group };

type Read<F extends Fields> = { readonly [N in keyof F]: z.output<F[N]["schema"]> };

export function field<S extends z.ZodType>({ key, value, fallback, unit = "plain", effect, says }: Entry<S>) {
  const schema = z.prefault(value, fallback).describe(`${says}. After a change: ${effects[effect]}`);
  return { key, unit, effect, schema } satisfies Field;
}

/** The fields as a mapping of the manifest, read under the names that the code uses. */
export function read<const F extends Fields>(fields: F) {
  const members = Object.entries(fields);
  return mapping(Object.fromEntries(members.map(([, { key, schema }]) => [key, schema]))).transform(
    (written) => Object.fromEntries(members.map(([name, { key }]) => [name, written[key]])) as Read<F>,
  );
}

/** What stands together under a key; all of it may be left out. */
export function group<S extends z.ZodType>(key: string, fields: Fields, schema: S) {
  return { key, fields, schema: z.prefault(schema, {} as z.input<S>) } satisfies Group;
}
