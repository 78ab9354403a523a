// A stream of the libSQL protocol as its clients speak it: statements in pipelines, each with the baton of the answer before. Its
// transactions are those of one API process: what that does not answer, nobody else can tell of.
import type { Ask } from "./attempt.ts";

export type Arg = string | number;

export interface Statement {
  readonly sql: string;
  readonly args?: readonly Arg[];
}

/** What came of a statement: its rows, or the code of its error. */
export type Result = { readonly rows: readonly (readonly Arg[])[] } | { readonly error: string };

export type Said =
  /** One for each statement. */
  | { readonly kind: "told"; readonly results: readonly Result[] }
  /** Nothing of it was carried out, and the stream is none any more. */
  | { readonly kind: "gone"; readonly code: string }
  /** Whether it was carried out is not known. */
  | { readonly kind: "lost"; readonly reason: string };

interface Value {
  readonly type: "null" | "integer" | "float" | "text" | "blob";
  readonly value?: string | number;
}

interface StatementResult {
  readonly rows: readonly (readonly Value[])[];
}

interface PipelineResult {
  readonly type: "ok" | "error";
  readonly response?: { readonly result?: StatementResult & BatchResult };
  readonly error?: { readonly code: string };
}

interface BatchResult {
  readonly step_results?: readonly (StatementResult | null)[];
  readonly step_errors?: readonly ({ readonly code: string } | null)[];
}

interface Answer {
  readonly baton: string | null;
  readonly results: readonly PipelineResult[];
}

const path = "/v3/pipeline";
const goneCodes = ["STREAM_EXPIRED", "BATON_INVALID", "BATON_REUSED"];

export class Stream {
  readonly #ask: Ask;
  readonly #odd: (what: string) => void;
  #baton: string | null = null;

  constructor(ask: Ask, odd: (what: string) => void) {
    this.#ask = ask;
    this.#odd = odd;
  }

  /** Each is carried out, also behind one that failed. */
  async execute(...statements: readonly Statement[]): Promise<Said> {
    const said = await this.#send(statements.map((one) => ({ type: "execute", stmt: stmtOf(one) })));
    return said.kind === "told" ? { kind: "told", results: said.results.map(resultOf) } : said;
  }

  /** All of them or nothing, as @libsql/client sends a batch. The last result is that of the COMMIT. */
  async batch(statements: readonly Statement[]): Promise<Said> {
    const said = await this.#send([{ type: "batch", batch: { steps: stepsOf(statements) } }]);
    if (said.kind !== "told") return said;
    const [answer] = said.results;
    const { step_results: results = [], step_errors: errors = [] } = answer?.response?.result ?? {};
    if (answer?.error !== undefined) return { kind: "told", results: [{ error: answer.error.code }] };
    const told = results.map((result, i): Result => {
      const error = errors[i];
      return error ? { error: error.code } : result === null ? { error: "SKIPPED" } : rowsOf(result);
    });
    return { kind: "told", results: told.slice(0, statements.length + 2) };
  }

  /** What is open on it is undone. Nothing depends on whether it arrives: the service ends what idles. */
  async close(): Promise<void> {
    if (this.#baton !== null) await this.#send([{ type: "close" }]);
  }

  async #send(
    requests: readonly object[],
  ): Promise<
    Exclude<Said, { kind: "told" }> | { readonly kind: "told"; readonly results: readonly PipelineResult[] }
  > {
    const made = await this.#ask(path, { baton: this.#baton, requests });
    if (made.kind === "hung") this.#odd("no answer at all to a pipeline");
    if (made.kind !== "answered") return this.#lost(made.kind === "hung" ? made.kind : made.reason);
    const { status, body, text } = made.answer;
    if (status === 503) return this.#lost("503");
    const { code = "", baton, results } = (body ?? {}) as Partial<Answer> & { readonly code?: string };
    if (status === 400 && goneCodes.includes(code)) {
      this.#baton = null;
      return { kind: "gone", code };
    }
    if (status !== 200 || results?.length !== requests.length) {
      this.#odd(`a pipeline was answered ${status} ${text.slice(0, 160)}`);
      return this.#lost(String(status));
    }
    this.#baton = baton ?? null;
    return { kind: "told", results };
  }

  /** The next baton is lost with the answer. */
  #lost(reason: string): { readonly kind: "lost"; readonly reason: string } {
    this.#baton = null;
    return { kind: "lost", reason };
  }
}

const stmtOf = ({ sql, args = [] }: Statement) => ({
  sql,
  args: args.map((value) =>
    typeof value === "string" ? { type: "text", value } : { type: "integer", value: String(value) },
  ),
});

function stepsOf(statements: readonly Statement[]): readonly object[] {
  const ok = (step: number) => ({ type: "ok", step });
  const inside = (step: number) => ({
    type: "and",
    conds: [ok(step), { type: "not", cond: { type: "is_autocommit" } }],
  });
  return [
    { stmt: stmtOf({ sql: "BEGIN IMMEDIATE" }) },
    ...statements.map((one, i) => ({ stmt: stmtOf(one), condition: inside(i) })),
    { stmt: stmtOf({ sql: "COMMIT" }), condition: inside(statements.length) },
    {
      stmt: stmtOf({ sql: "ROLLBACK" }),
      condition: { type: "not", cond: ok(statements.length + 1) },
    },
  ];
}

const resultOf = ({ error, response }: PipelineResult): Result =>
  error === undefined ? rowsOf(response?.result ?? { rows: [] }) : { error: error.code };

const rowsOf = ({ rows }: StatementResult): Result => ({ rows: rows.map((row) => row.map(argOf)) });

const argOf = ({ type, value }: Value): Arg =>
  type === "integer" ? Number(value) : type === "null" ? "" : (value ?? "");
