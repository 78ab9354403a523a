// PURE: a sentence as people type it -> a body of the API. Only the frame is understood here; names and conditions are
// judged by the API, which knows better and says what is wrong.
import { toJson } from "../client/json.ts";
import { CliError, exitCodes } from "./exit.ts";
import { literalsIn, splitOutsideQuotes } from "./literals.ts";

export interface Statement {
  readonly kind: "read" | "write";
  /** JSON. Where it was typed, it is sent as it was typed: the API reads every digit and sees a key that is there twice. */
  readonly body: string;
}

const statement = (kind: Statement["kind"], body: unknown): Statement => ({ kind, body: toJson(body) });

const wrong = (message: string): CliError => new CliError(exitCodes.usage, message);

const usage = `say select, insert, update or delete, for instance "select * from users where username = 'asha'"`;

/** @throws CliError when it is no such sentence */
export function parseSentence(sentence: string): Statement {
  const text = sentence.trim().replace(/;$/, "").trim();
  if (text.startsWith("{")) return fromJson(text);
  const [verb = ""] = text.split(/\s/, 1);
  switch (verb.toLowerCase()) {
    case "select":
      return select(text);
    case "insert":
      return insert(text);
    case "update":
      return update(text);
    case "delete":
      return remove(text);
    default:
      throw wrong(usage);
  }
}

const writeKeys = ["op", "insert", "delete", "query", "rows", "values", "set"];

function fromJson(text: string): Statement {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new CliError(exitCodes.usage, "the body is not JSON", { cause });
  }
  const isWrite = writeKeys.some((key) => Object.hasOwn(Object(body), key));
  return { kind: isWrite ? "write" : "read", body: text };
}

/** `head where … order by … limit … offset …`, each part at most once and in this order. */
function clauses(
  text: string,
): Readonly<Record<"head" | "where" | "orderBy" | "limit" | "offset", string | null>> {
  const [beforeOffset, offset] = splitOutsideQuotes(text, /\soffset\s/iy);
  const [beforeLimit, limit] = splitOutsideQuotes(beforeOffset, /\slimit\s/iy);
  const [beforeOrder, orderBy] = splitOutsideQuotes(beforeLimit, /\sorder\s+by\s/iy);
  const [head, where] = splitOutsideQuotes(beforeOrder, /\swhere\s/iy);
  return { head, where, orderBy, limit, offset };
}

const count = /^count\s*\(\s*\*?\s*\)$/i;

function select(text: string): Statement {
  const { head, where, orderBy, limit, offset } = clauses(text);
  const match = /^select\s+(.+?)\s+from\s+(\S+)$/is.exec(head ?? "");
  if (match === null)
    throw wrong('a select reads "select COLUMNS from TABLE [where …] [order by …] [limit N]"');
  const [, columns = "", table = ""] = match;
  const body: Record<string, unknown> = { table };
  if (count.test(columns)) body.count = true;
  else body.columns = columns.trim() === "*" ? "*" : columns.split(",").map((name) => name.trim());
  if (where !== null) body.where = where;
  if (orderBy !== null) body.orderBy = orderBy.trim();
  if (limit !== null) body.limit = whole("limit", limit);
  if (offset !== null) body.offset = whole("offset", offset);
  return statement("read", body);
}

function whole(name: string, text: string): number {
  if (!/^\d{1,15}$/.test(text.trim())) throw wrong(`${name} must be a whole number, not ${text.trim()}`);
  return Number(text);
}

function insert(text: string): Statement {
  const match = /^insert\s+into\s+(\S+?)\s*\(([^)]*)\)\s*values\s*(\(.*\))$/is.exec(text);
  if (match === null) throw wrong('an insert reads "insert into TABLE (COLUMN, …) values (VALUE, …), …"');
  const [, table = "", names = "", tuples = ""] = match;
  const columns = names.split(",").map((name) => name.trim());
  const rows = literalsIn(tuples).map((values) => {
    if (values.length !== columns.length)
      throw wrong(`${values.length} values stand for ${columns.length} columns`);
    return recordOf(columns.map((name, i) => [name, values[i]]));
  });
  return statement("write", { op: "insert", table, rows });
}

/** Whatever the columns are called: `__proto__` is a name like others. */
function recordOf(entries: readonly (readonly [name: string, value: unknown])[]): object {
  const names = new Set<string>();
  for (const [name] of entries) {
    if (name === "") throw wrong("a column's name is missing beside a comma");
    if (names.has(name.toLowerCase())) throw wrong(`column ${name} is named twice`);
    names.add(name.toLowerCase());
  }
  return Object.fromEntries(entries);
}

function update(text: string): Statement {
  const { head, where } = clauses(text);
  const match = /^update\s+(\S+)\s+set\s+(.+)$/is.exec(head ?? "");
  if (match === null || where === null)
    throw wrong(
      'an update reads "update TABLE set COLUMN = VALUE, … where …"; for all rows say "where 1 = 1"',
    );
  const [, table = "", assignments = ""] = match;
  const set: (readonly [string, unknown])[] = [];
  for (let rest: string | null = assignments; rest !== null; ) {
    const [assignment, more]: readonly [string, string | null] = splitOutsideQuotes(rest, /,/y, "first");
    if (assignment.trim() === "") throw wrong("a COLUMN = VALUE is missing beside a comma");
    const [, name = "", value = ""] = /^\s*([^=\s]+)\s*=(.*)$/s.exec(assignment) ?? [];
    const [values] = literalsIn(`(${value.trim()})`);
    if (name === "" || values?.length !== 1) throw wrong(`"${assignment.trim()}" is no COLUMN = VALUE`);
    set.push([name, values[0]]);
    rest = more;
  }
  return statement("write", { op: "update", table, set: recordOf(set), where });
}

function remove(text: string): Statement {
  const { head, where } = clauses(text);
  const match = /^delete\s+from\s+(\S+)$/i.exec(head ?? "");
  if (match === null || where === null)
    throw wrong('a delete reads "delete from TABLE where …"; for all rows say "where 1 = 1"');
  return statement("write", { op: "delete", table: match[1] ?? "", where });
}
