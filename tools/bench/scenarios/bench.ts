// What every scenario works with: the two subjects, fresh ids for writes, and measuring with a look at the outcome.

import { accountOf, tables } from "../load/rows.ts";
import type { LoadSpec } from "../load/run-load.ts";
import type { WorkloadSpec } from "../load/workload.ts";
import type { Pace } from "../pace.ts";
import type { Forms } from "../report/results.ts";
import { type Pair, type Summary, summarise } from "../report/summary.ts";
import type { Cluster } from "../world/cluster.ts";
import type { Engine } from "../world/engine.ts";
import { type Measurement, measure } from "../world/generator.ts";
import { post } from "../world/http.ts";
import type { PlainSettings } from "../world/plain-mode.ts";
import { countRows, expectRows, fill, paths, type Subject, type SubjectName } from "../world/subject.ts";

export type Kind = "reads" | "writes";

export interface Load {
  readonly kind: Kind;
  readonly connections: number;
  readonly ratePerSecond?: number;
  readonly sql?: boolean;
}

const formConnections = 64;
const quickConnections = 64;
const quickPerSecond = 100;

/** Each run of writes gets a range of ids that no other one reaches. */
const idsPerRun = 10_000_000;

export class Bench {
  readonly engine: Engine;
  readonly cluster: Cluster;
  readonly pace: Pace;
  readonly settings: PlainSettings;
  readonly say: (line: string) => void;
  readonly plain: Subject;
  #nextId = 1;
  #seed = 1;
  readonly #accounts = new Map<SubjectName, number>();

  constructor(ports: Pick<Bench, "engine" | "cluster" | "pace" | "settings" | "say" | "plain">) {
    this.engine = ports.engine;
    this.cluster = ports.cluster;
    this.pace = ports.pace;
    this.settings = ports.settings;
    this.say = ports.say;
    this.plain = ports.plain;
  }

  takeIds(): number {
    const firstId = this.#nextId;
    this.#nextId += idsPerRun;
    return firstId;
  }

  rowsOf(subject: Subject): number {
    return this.#accounts.get(subject.name) ?? 0;
  }

  /** Brings the table that is read to so many rows; it only ever grows, until it is cleared. */
  async ensureRows(subject: Subject, rows: number): Promise<void> {
    const have = this.rowsOf(subject);
    if (have >= rows) return;
    await fill(subject, tables.read, have + 1, rows);
    this.#accounts.set(subject.name, rows);
  }

  async clear(subject: Subject): Promise<void> {
    await this.cluster.clear();
    for (const table of Object.values(tables)) await expectRows(subject.target, table, 0);
    this.#accounts.set(subject.name, 0);
  }

  /** One run. After writes, every one that was answered with success must be there. */
  async run(subject: Subject, load: Load, measureMs: number = this.pace.measureMs): Promise<Measurement> {
    const before = load.kind === "writes" ? await countRows(subject.target, tables.written) : 0;
    const { kind, sql = false, ...rest } = load;
    const spec: LoadSpec = {
      target: subject.target,
      ...rest,
      warmUpMs: this.pace.warmUpMs,
      measureMs,
      workload: this.#workload(subject, kind, sql),
    };
    const measured = await measure(spec, subject.usage);
    const { errors, wrong, firstTrouble, succeeded } = measured.load;
    if (errors + wrong > 0)
      this.say(`    trouble: ${errors} errors, ${wrong} wrong answers, first: ${firstTrouble}`);
    else if (kind === "writes") await expectRows(subject.target, tables.written, before + succeeded);
    return measured;
  }

  /** How far the log is. */
  async position({ target }: Subject): Promise<number> {
    const row = accountOf(this.takeIds());
    const body = JSON.stringify({ op: "insert", table: tables.written, row });
    const { position } = (await post(target, paths.write, body)) as { position: number };
    return position;
  }

  /** A few quick reads and writes at a fixed rate, at the same time. */
  async quick(subject: Subject): Promise<{ readonly reads: Summary; readonly writes: Summary }> {
    const load = { connections: quickConnections, ratePerSecond: quickPerSecond };
    const run = async (kind: Kind) =>
      measure(
        {
          target: subject.target,
          ...load,
          warmUpMs: 0,
          measureMs: this.pace.neighboursMs,
          workload: this.#workload(subject, kind),
        },
        subject.usage,
      );
    const [reads, writes] = await Promise.all([run("reads"), run("writes")]);
    return { reads: summarise([reads]), writes: summarise([writes]) };
  }

  /** The same on each subject in turn, so that what else happens on the machine meets all of them. */
  async compare(load: Load, runs: number): Promise<Pair> {
    const service = await this.cluster.subject();
    const measured: Record<SubjectName, Measurement[]> = { plain: [], service: [] };
    for (let i = 0; i < runs; i++)
      for (const subject of [this.plain, service]) measured[subject.name].push(await this.run(subject, load));
    const pair = { plain: summarise(measured.plain), service: summarise(measured.service) };
    this.say(`  ${describe(load)}: plain ${brief(pair.plain)}, service ${brief(pair.service)}`);
    return pair;
  }

  /** The same by a row form and in SQL, in turn. */
  async forms(kind: Kind): Promise<Forms> {
    const service = await this.cluster.subject();
    const measured: Record<keyof Forms, Measurement[]> = { rows: [], sql: [] };
    for (let i = 0; i < this.pace.runs; i++)
      for (const form of ["rows", "sql"] as const)
        measured[form].push(
          await this.run(service, { kind, connections: formConnections, sql: form === "sql" }),
        );
    const forms = { rows: summarise(measured.rows), sql: summarise(measured.sql) };
    this.say(`  ${kind} by key: row form ${brief(forms.rows)}, SQL ${brief(forms.sql)}`);
    return forms;
  }

  /** The service alone. */
  async repeat(load: Load, runs: number): Promise<Summary> {
    const service = await this.cluster.subject();
    const measured: Measurement[] = [];
    for (let i = 0; i < runs; i++) measured.push(await this.run(service, load));
    const summary = summarise(measured);
    this.say(`  ${describe(load)}: ${brief(summary)}`);
    return summary;
  }

  #workload(subject: Subject, kind: Kind, sql = false): WorkloadSpec {
    if (kind === "writes") return { kind: "write", firstId: this.takeIds(), sql };
    this.#seed += 1;
    return { kind: "read", rows: this.rowsOf(subject), seed: this.#seed * 7_919, sql };
  }
}

const describe = ({ kind, connections, ratePerSecond }: Load): string =>
  `${kind}, ${connections} connections${ratePerSecond === undefined ? "" : `, ${Math.round(ratePerSecond)}/s asked for`}`;

const brief = ({ perSecond, p50Ms, p99Ms }: Summary): string =>
  `${Math.round(perSecond)}/s (p50 ${p50Ms.toFixed(1)}, p99 ${p99Ms.toFixed(1)} ms)`;
