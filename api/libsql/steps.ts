// Carries out statements one after another, each under its condition. A transaction that is all there, from its BEGIN to its COMMIT, goes
// to the master as one: what the conditions would let pass if nothing failed is known beforehand, and when something fails nothing was
// done, so that each statement can go its own way.
import type { StatementKind } from "../../core/sql/statement-kind.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { libsqlLimits } from "../limits.ts";
import { isMet, type StepFate } from "./conditions.ts";
import { errors } from "./errors.ts";
import { bytesOfOutcome, done, type Failed, failed, type Outcome, skipped } from "./outcomes.ts";
import type { Ready, Step } from "./requests.ts";
import { type Allowed, forbidden, type Stream } from "./stream.ts";
import type { Kept } from "./transaction.ts";

export interface AllowanceOptions {
  readonly allowed: Allowed;
  readonly clock: Clock;
  readonly withinMs: number;
  /** Whether the client has gone. */
  readonly isGone: () => boolean;
  readonly all: Kept;
}

/** What holds for all that one request asks. */
export class Allowance {
  readonly allowed: Allowed;
  readonly clock: Clock;
  readonly #untilMs: number;
  readonly #isGone: () => boolean;
  /** What the results of all requests take that are not answered yet. */
  readonly #all: Kept;
  #bytes = 0;
  #scriptBytes = 0;

  constructor({ allowed, clock, withinMs, isGone, all }: AllowanceOptions) {
    this.allowed = allowed;
    this.clock = clock;
    this.#untilMs = clock.monotonicMs() + withinMs;
    this.#isGone = isGone;
    this.#all = all;
  }

  /** @returns the outcome, or that there is no room for its rows */
  took(outcome: Outcome): Outcome {
    const bytes = bytesOfOutcome(outcome);
    if (bytes > 0 && this.#all.bytes + bytes > libsqlLimits.resultsBytesMax) return failed(errors.noRoom);
    this.#bytes += bytes;
    this.#all.bytes += bytes;
    return outcome;
  }

  /** @returns how it failed: stored scripts are worked on as often as they are named */
  tookScript(bytes: number): Failed | undefined {
    this.#scriptBytes += bytes;
    return this.#scriptBytes > libsqlLimits.storedScriptsBytesMax ? failed(errors.scriptsTooLong) : undefined;
  }

  /** The request is answered. */
  over(): void {
    this.#all.bytes -= this.#bytes;
    this.#bytes = 0;
  }

  /** @returns why nothing more may be begun */
  get refusal(): Outcome | undefined {
    if (this.#bytes > libsqlLimits.pipelineBytesEnough) return failed(errors.pipelineTooLarge);
    return this.#isGone() || this.clock.monotonicMs() > this.#untilMs
      ? failed(errors.pipelineTooLong)
      : undefined;
  }
}

export async function runSteps(
  stream: Stream,
  steps: readonly Step[],
  allowance: Allowance,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const fates: StepFate[] = [];
  const take = (came: Outcome): void => {
    const outcome = allowance.took(came);
    outcomes.push(outcome);
    fates.push(outcome.fate);
  };
  while (outcomes.length < steps.length) {
    const rest = steps.slice(outcomes.length);
    const whole = await wholeTransaction(stream, rest, fates, allowance);
    if (whole !== undefined) for (const outcome of whole) take(outcome);
    else if (rest[0] !== undefined) take(await oneStep(stream, rest[0], fates, allowance));
  }
  return outcomes;
}

async function oneStep(
  stream: Stream,
  { condition, statement }: Step,
  fates: readonly StepFate[],
  allowance: Allowance,
): Promise<Outcome> {
  if (condition !== undefined && !isMet(condition, fates, stream.isAutocommit)) return skipped;
  const { refusal, clock } = allowance;
  if (refusal !== undefined) return refusal;
  const ready = stream.readyFrom(statement);
  if ("fate" in ready) return ready;
  const startedAtMs = clock.monotonicMs();
  const outcome = await stream.execute(ready, allowance.allowed);
  return outcome.fate === "ok" ? { ...outcome, durationMs: clock.monotonicMs() - startedAtMs } : outcome;
}

/** @returns what came of the steps from BEGIN to COMMIT; undefined where they are not all there, or have to go their own ways */
async function wholeTransaction(
  stream: Stream,
  steps: readonly Step[],
  before: readonly StepFate[],
  { allowed, refusal }: Allowance,
): Promise<readonly Outcome[] | undefined> {
  if (!stream.isAutocommit || refusal !== undefined) return undefined;
  const plan = planOf(stream, steps, before);
  if (plan === undefined) return undefined;
  const statements = plan.filter((ready) => ready !== undefined);
  if (statements.some((ready) => forbidden(ready, allowed) !== undefined)) return undefined;
  const inside = statements.slice(1, -1);
  const writes = inside.some(({ kind }) => kind === "write");
  if (inside.length === 0 || (writes && statements[0]?.kind === "beginReadOnly")) return undefined;
  const results = await stream.atOnce(inside);
  if (results === undefined) return undefined;
  // Where its fate is not known, its first statement says so, and nothing behind it was done.
  const [first] = results;
  const isLost = first?.fate === "error";
  let next = 0;
  const outcomes = plan.map((ready): Outcome => {
    if (ready === undefined) return skipped;
    if (ready.kind === "begin" || ready.kind === "beginReadOnly") return done;
    if (ready.kind === "commit") return isLost ? skipped : done;
    const outcome = results[next] ?? skipped;
    next += 1;
    return outcome;
  });
  return outcomes;
}

const mayStandBetween: ReadonlySet<StatementKind> = new Set(["read", "write", "savepoint"]);

/**
 * What would be carried out from BEGIN to COMMIT if nothing failed; undefined for a step that would be passed over.
 * @returns undefined where something else stands between them
 */
function planOf(
  stream: Stream,
  steps: readonly Step[],
  before: readonly StepFate[],
): readonly (Ready | undefined)[] | undefined {
  const fates = [...before];
  const plan: (Ready | undefined)[] = [];
  let storedBytes = 0;
  for (const { condition, statement } of steps) {
    const isFirst = plan.length === 0;
    if (condition !== undefined && !isMet(condition, fates, isFirst)) {
      if (isFirst) return undefined;
      plan.push(undefined);
      fates.push("skipped");
      continue;
    }
    const ready = stream.readyFrom(statement);
    storedBytes += stream.storedBytesOf(statement.text);
    // Statement by statement it has the bound of every open transaction.
    if ("fate" in ready || storedBytes > libsqlLimits.transactionBytesMax) return undefined;
    const isBegin = ready.kind === "begin" || ready.kind === "beginReadOnly";
    if (isBegin !== isFirst) return undefined;
    plan.push(ready);
    fates.push("ok");
    if (ready.kind === "commit") return plan;
    if (!isBegin && !mayStandBetween.has(ready.kind)) return undefined;
  }
  return undefined;
}
