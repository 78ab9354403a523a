// The bodies of the libSQL protocol -> what is asked of a stream. Fields that are not known are passed over, as the protocol
// wants it; each that is known is checked, and an error names it.
import { Refusal } from "../../core/errors.ts";
import type { Param, SqlShape } from "../../core/messages/statement.ts";
import type { StatementKind } from "../../core/sql/statement-kind.ts";
import { bounds, libsqlLimits } from "../limits.ts";
import { isRecord } from "../requests/values.ts";
import { type Condition, conditionFrom } from "./conditions.ts";
import { paramFrom } from "./values.ts";

/** The text itself, or the number under which the stream keeps it. */
export type SqlText = { readonly sql: string } | { readonly sqlId: number };

export interface Statement {
  readonly text: SqlText;
  readonly params: readonly Param[];
  readonly names?: readonly string[];
  readonly wantRows: boolean;
}

/** A statement with its text, and what it is. */
export interface Ready {
  readonly shape: SqlShape;
  readonly params: readonly Param[];
  readonly kind: StatementKind;
  readonly wantRows: boolean;
}

export interface Step {
  readonly condition?: Condition | undefined;
  readonly statement: Statement;
}

export type StreamRequest =
  | { readonly type: "close" | "get_autocommit" }
  | { readonly type: "execute"; readonly statement: Statement }
  | { readonly type: "batch"; readonly steps: readonly Step[] }
  | { readonly type: "sequence" | "describe"; readonly text: SqlText }
  | { readonly type: "store_sql"; readonly sqlId: number; readonly sql: string }
  | { readonly type: "close_sql"; readonly sqlId: number };

export interface PipelineBody {
  readonly baton: string | undefined;
  readonly requests: readonly StreamRequest[];
}

export interface CursorBody {
  readonly baton: string | undefined;
  readonly steps: readonly Step[];
}

type Fields = Readonly<Record<string, unknown>>;

const bad = (field: string, message: string): Refusal => new Refusal("bad_request", message, field);

/** @throws Refusal naming the field that is wrong */
export function pipelineFrom(raw: unknown): PipelineBody {
  const body = recordAt(raw, "(body)");
  const requests = listAt(body.requests, "requests", libsqlLimits.requestsMax);
  return { baton: batonFrom(body), requests: requests.map((one, i) => requestAt(one, `requests[${i}]`)) };
}

/** @throws Refusal naming the field that is wrong */
export function cursorFrom(raw: unknown): CursorBody {
  const body = recordAt(raw, "(body)");
  return { baton: batonFrom(body), steps: stepsAt(body.batch, "batch") };
}

function batonFrom({ baton }: Fields): string | undefined {
  if (baton === undefined || baton === null) return undefined;
  if (typeof baton === "string" && baton.length <= libsqlLimits.batonLengthMax) return baton;
  throw bad("baton", "must be a baton as an answer gave it, or null");
}

function requestAt(raw: unknown, field: string): StreamRequest {
  const request = recordAt(raw, field);
  const { type } = request;
  switch (type) {
    case "close":
    case "get_autocommit":
      return { type };
    case "execute":
      return { type, statement: statementAt(request.stmt, `${field}.stmt`) };
    case "batch":
      return { type, steps: stepsAt(request.batch, `${field}.batch`) };
    case "sequence":
    case "describe":
      return { type, text: textAt(request, field) };
    case "store_sql":
      return { type, sqlId: idAt(request, field), sql: sqlAt(request, field) };
    case "close_sql":
      return { type, sqlId: idAt(request, field) };
    default:
      throw bad(
        `${field}.type`,
        "must be close, execute, batch, sequence, describe, store_sql, close_sql or get_autocommit",
      );
  }
}

function stepsAt(raw: unknown, field: string): readonly Step[] {
  const steps = listAt(recordAt(raw, field).steps, `${field}.steps`, libsqlLimits.requestsMax);
  return steps.map((one, i) => {
    const at = `${field}.steps[${i}]`;
    const step = recordAt(one, at);
    const { condition } = step;
    return {
      condition:
        condition === undefined || condition === null
          ? undefined
          : conditionFrom(condition, `${at}.condition`),
      statement: statementAt(step.stmt, `${at}.stmt`),
    };
  });
}

function statementAt(raw: unknown, field: string): Statement {
  const stmt = recordAt(raw, field);
  const wantRows = stmt.want_rows ?? true;
  if (typeof wantRows !== "boolean") throw bad(`${field}.want_rows`, "must be true or false");
  const args = listAt(stmt.args ?? [], `${field}.args`, libsqlLimits.argsMax);
  const named = listAt(stmt.named_args ?? [], `${field}.named_args`, libsqlLimits.argsMax);
  if (args.length > 0 && named.length > 0)
    throw bad(`${field}.named_args`, "are not taken beside args: send all arguments in one of them");
  const text = textAt(stmt, field);
  if (named.length === 0)
    return { text, wantRows, params: args.map((one, i) => paramFrom(one, `${field}.args[${i}]`)) };
  return { text, wantRows, ...namedFrom(named, `${field}.named_args`) };
}

function namedFrom(named: readonly unknown[], field: string) {
  const byName = new Map<string, Param>();
  for (const [i, raw] of named.entries()) {
    const at = `${field}[${i}]`;
    const { name, value } = recordAt(raw, at);
    if (typeof name !== "string" || name === "" || name.length > bounds.nameLengthMax || name.includes("\0"))
      throw bad(`${at}.name`, "must be the name of a parameter");
    if (byName.has(name)) throw bad(`${at}.name`, "is given twice");
    byName.set(name, paramFrom(value, `${at}.value`));
  }
  return { names: [...byName.keys()], params: [...byName.values()] };
}

function textAt(request: Fields, field: string): SqlText {
  const { sql, sql_id: sqlId } = request;
  const hasSql = sql !== undefined && sql !== null;
  if (hasSql === (sqlId !== undefined && sqlId !== null))
    throw bad(`${field}.sql`, "is required, or sql_id, and not both");
  return hasSql ? { sql: sqlAt(request, field) } : { sqlId: idAt(request, field) };
}

function sqlAt({ sql }: Fields, field: string): string {
  if (typeof sql === "string") return sql;
  throw bad(`${field}.sql`, "must be a text");
}

const int32 = 2 ** 31;

function idAt({ sql_id: id }: Fields, field: string): number {
  if (typeof id === "number" && Number.isInteger(id) && id >= -int32 && id < int32) return id;
  throw bad(`${field}.sql_id`, "must be a whole number of 32 bits");
}

function recordAt(raw: unknown, field: string): Fields {
  if (isRecord(raw)) return raw;
  throw bad(field, raw === undefined ? "is required" : "must be a JSON object");
}

function listAt(raw: unknown, field: string, max: number): readonly unknown[] {
  if (!Array.isArray(raw)) throw bad(field, raw === undefined ? "is required" : "must be a list");
  if (raw.length > max) throw bad(field, `must have at most ${max} entries`);
  return raw;
}
