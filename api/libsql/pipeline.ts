// The requests of a pipeline on their stream -> their results as JSON, in the same order. All of them are carried out, also behind one that
// failed. Statements that follow each other are looked at together.
import { splitScript } from "../../core/sql/split-script.ts";
import { libsqlLimits } from "../limits.ts";
import { shapeOf } from "../requests/sql.ts";
import { describedFrom } from "./answers.ts";
import type { Database } from "./database.ts";
import { errorOf, errors, type SqlError } from "./errors.ts";
import { batchText, type Outcome, resultText } from "./outcomes.ts";
import type { SqlText, Step, StreamRequest } from "./requests.ts";
import { type Allowance, runSteps } from "./steps.ts";
import type { Stream } from "./stream.ts";

export interface Carrying {
  readonly stream: Stream;
  readonly database: Database;
  readonly allowance: Allowance;
}

export async function runPipeline(
  carrying: Carrying,
  requests: readonly StreamRequest[],
): Promise<readonly string[]> {
  const results: string[] = [];
  while (results.length < requests.length) {
    const executes = executesFrom(requests, results.length);
    if (carrying.stream.isClosed) results.push(errorText(errors.closed));
    else if (executes.length > 0) {
      const steps = executes.map(({ statement }) => ({ statement }));
      const outcomes = await runSteps(carrying.stream, steps, carrying.allowance);
      results.push(...outcomes.map(executeText));
    } else {
      const request = requests[results.length];
      if (request !== undefined) results.push(await runRequest(carrying, request));
    }
  }
  return results;
}

type Execute = Extract<StreamRequest, { readonly type: "execute" }>;

function executesFrom(requests: readonly StreamRequest[], from: number): readonly Execute[] {
  const executes: Execute[] = [];
  for (const request of requests.slice(from)) {
    if (request.type !== "execute") break;
    executes.push(request);
  }
  return executes;
}

const errorText = (error: SqlError): string => `{"type":"error","error":${JSON.stringify(error)}}`;
const okText = (response: string): string => `{"type":"ok","response":${response}}`;
const plain = (type: string): string => okText(`{"type":"${type}"}`);

function executeText(outcome: Outcome): string {
  // Statements without a condition are never passed over, but for those of a transaction whose fate is not known.
  if (outcome.fate === "skipped") return errorText(errors.unknownBefore);
  return outcome.fate === "ok"
    ? okText(`{"type":"execute","result":${resultText(outcome)}}`)
    : errorText(outcome.error);
}

async function runRequest(carrying: Carrying, request: StreamRequest): Promise<string> {
  const { stream, allowance } = carrying;
  switch (request.type) {
    case "close":
      stream.close();
      return plain("close");
    case "get_autocommit":
      return okText(`{"type":"get_autocommit","is_autocommit":${stream.isAutocommit}}`);
    case "store_sql": {
      const failure = stream.store(request.sqlId, request.sql);
      return failure === undefined ? plain("store_sql") : errorText(failure.error);
    }
    case "close_sql":
      stream.closeText(request.sqlId);
      return plain("close_sql");
    case "batch": {
      const outcomes = await runSteps(stream, request.steps, allowance);
      return okText(`{"type":"batch","result":${batchText(outcomes)}}`);
    }
    case "sequence":
      return sequence(carrying, request.text);
    case "describe":
      return describe(carrying, request.text);
    case "execute":
      throw new Error("statements are carried out together");
  }
}

async function sequence({ stream, allowance }: Carrying, text: SqlText): Promise<string> {
  const script = stream.textOf(text);
  if (script === undefined) return errorText(errors.noText);
  const tooMuch = allowance.tookScript(stream.storedBytesOf(text));
  if (tooMuch !== undefined) return errorText(tooMuch.error);
  const { statements, rest } = splitScript(script);
  const all = rest === "" ? statements : [...statements, rest];
  if (all.length > libsqlLimits.sequenceMax) return errorText(errors.sequenceTooLong);
  const steps = all.map(
    (sql, i): Step => ({
      condition: i === 0 ? undefined : { type: "ok", step: i - 1 },
      statement: { text: { sql }, params: [], wantRows: false },
    }),
  );
  const failure = (await runSteps(stream, steps, allowance)).find(({ fate }) => fate === "error");
  return failure?.fate === "error" ? errorText(failure.error) : plain("sequence");
}

async function describe({ stream, database, allowance }: Carrying, text: SqlText): Promise<string> {
  const sql = stream.textOf(text);
  if (sql === undefined) return errorText(errors.noText);
  const { refusal } = allowance;
  if (refusal?.fate === "error") return errorText(refusal.error);
  const answer = await database.read({ ...shapeOf(sql), describe: true }, []);
  return answer.ok
    ? okText(`{"type":"describe","result":${describedFrom(answer.body)}}`)
    : errorText(errorOf(answer.refusal));
}
