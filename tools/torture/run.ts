// A whole run on one screen: a cluster of its own, clients, one fault after another with a checkpoint after each, the last
// checkpoint, the report. The first violation ends the run while its evidence is fresh.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../core/errors.ts";
import { rootDir } from "../cluster/settings.ts";
import type { TortureArguments } from "./arguments.ts";
import { loadBallast } from "./ballast.ts";
import { type Checked, checkpoint } from "./checkpoint.ts";
import { Crowd } from "./clients/crowd.ts";
import { LogReader } from "./cluster/log-reader.ts";
import { Observer } from "./cluster/observer.ts";
import { isRoot } from "./cluster/power.ts";
import { emptyHistory, type Violation } from "./history.ts";
import { carryOut } from "./nemesis.ts";
import type { Strike } from "./report/gaps.ts";
import { reportOf } from "./report/report.ts";
import { inWords, Timeline } from "./report/timeline.ts";
import { describeStep, type Step, schedule } from "./schedule.ts";
import type { World } from "./world.ts";

export interface Verdict {
  readonly violations: readonly Violation[];
  readonly report: string;
}

/** A checkpoint after every step while it is quick, by the number of hosts; after that many steps when the data has grown. */
const checkpoints = { quickMs: { 1: 4_000, 3: 15_000 }, everySteps: 10 } as const;
const betweenChance = 0.5;

export async function torture(
  options: TortureArguments,
  world: World,
  print: (line: string) => void,
  interrupted: AbortSignal,
): Promise<Verdict> {
  const folder = join(rootDir, ".dbaas", `torture-${options.seed}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  let stopLogs = (): void => undefined;
  try {
    await world.bringUp(print);
    stopLogs = await world.followLogs(folder);
    const run = new Run(options, world, print, interrupted);
    const verdict = await run.go();
    await run.keep(folder, verdict);
    return verdict;
  } finally {
    stopLogs();
    await world.takeDown();
  }
}

class Run {
  readonly #options: TortureArguments;
  readonly #world: World;
  readonly #print: (line: string) => void;
  readonly #interrupted: AbortSignal;
  readonly #history = emptyHistory();
  readonly #timeline: Timeline;
  readonly #log: LogReader;
  readonly #strikes: Strike[] = [];
  readonly #violations: Violation[] = [];
  readonly #failures: string[] = [];
  readonly #steps: Step[] = [];
  #checked: Checked | null = null;

  constructor(
    options: TortureArguments,
    world: World,
    print: (line: string) => void,
    interrupted: AbortSignal,
  ) {
    this.#options = options;
    this.#world = world;
    this.#log = new LogReader(world.withBroker);
    this.#print = print;
    this.#interrupted = interrupted;
    this.#timeline = new Timeline(print);
  }

  async go(): Promise<Verdict> {
    const { seed, minutes, rounds, clients, rows, patience } = this.#options;
    const faults = this.#faults();
    this.#print(`seed ${seed}, ${minutes} minutes, ${clients} clients, ${faults.length} faults`);
    const history = this.#history;
    const asks = this.#world.asks((what) => history.odd.push(what));
    if (asks[0] !== undefined) await loadBallast(rows, asks[0]);
    const { nowMs } = this.#timeline;
    const crowd = new Crowd({ clients, seed, history, asks, nowMs });
    const observer = new Observer(this.#timeline, this.#world);
    const plan = schedule({
      seed,
      faults: faults.map(plannable),
      between: this.#options.between,
      betweenChance,
    });
    const doing = { timeline: this.#timeline, observer, crowd, world: this.#world, patience };
    const endsAtMs = nowMs() + minutes * 60_000;
    for (const step of plan) {
      if (nowMs() >= endsAtMs || this.#interrupted.aborted || this.#violations.length > 0) break;
      if (rounds !== null && step.round > rounds) break;
      this.#print(describeStep(step));
      const fault = faults.find(({ name }) => name === step.fault);
      if (fault === undefined) throw new Error(`no fault ${step.fault}`);
      const result = await carryOut(step, fault, doing);
      this.#steps.push(step);
      this.#strikes.push(...result.strikes);
      this.#violations.push(...result.violations);
      if (result.failure !== null) this.#failures.push(`${step.number}. ${step.fault}: ${result.failure}`);
      if (this.#isDue(step)) await this.#check(crowd);
    }
    await crowd.end();
    if (this.#violations.length === 0) await this.#check(null);
    await observer.stop();
    return this.#verdict();
  }

  #faults() {
    const { faults } = this.#options;
    const possible = faults.filter(({ needsRoot }) => isRoot || needsRoot !== true);
    const others = faults.filter((fault) => !possible.includes(fault)).map(({ name }) => name);
    if (others.length > 0) this.#print(`left out, for they need root: ${others.join(", ")}`);
    return possible;
  }

  #isDue({ number }: Step): boolean {
    const last = this.#checked;
    return (
      last === null ||
      last.tookMs < checkpoints.quickMs[this.#options.hosts] ||
      number % checkpoints.everySteps === 0
    );
  }

  async #check(crowd: Crowd | null): Promise<void> {
    try {
      await crowd?.hold();
      const checked = await this.#checkpoint();
      this.#checked = checked;
      this.#violations.push(...checked.violations);
      const { writes, reads, transfers } = this.#history;
      const seen = `position ${checked.position}, ${writes.length} writes, ${reads.length} reads, ${transfers.length} transactions, ${(checked.tookMs / 1000).toFixed(1)} s`;
      this.#timeline.tell(
        `     checked: ${checked.violations.length === 0 ? "all is well" : `${checked.violations.length} VIOLATIONS`} (${seen})`,
      );
    } catch (error) {
      this.#violations.push({ rule: "the checks could not be made", evidence: messageOf(error) });
    }
    crowd?.release();
  }

  /** A look that could not be had says nothing about the cluster; one that cannot be had again and again does. */
  async #checkpoint(looksLeft = 2): Promise<Checked> {
    try {
      return await checkpoint(this.#history, this.#log, this.#world);
    } catch (error) {
      if (looksLeft === 0) throw error;
      this.#timeline.tell(`     could not look: ${messageOf(error).slice(0, 200)}`);
      return this.#checkpoint(looksLeft - 1);
    }
  }

  #verdict(): Verdict {
    const report = reportOf({
      options: this.#options,
      history: this.#history,
      strikes: this.#strikes,
      violations: this.#violations,
      failures: this.#failures,
      steps: this.#steps,
      checked: this.#checked,
      tookMs: this.#timeline.nowMs(),
    });
    return { violations: this.#violations, report };
  }

  /** A good run leaves its report, a bad one everything that can explain it. */
  async keep(folder: string, { report }: Verdict): Promise<void> {
    const timeline = this.#timeline.events.map(inWords).join("\n");
    await writeFile(join(folder, "report.txt"), `${report}\n\n${timeline}\n`);
    if (this.#violations.length === 0) return;
    const { writes, reads, transfers } = this.#history;
    const history = [...writes, ...reads, ...transfers].sort((a, b) => a.sentAtMs - b.sentAtMs);
    const text = (all: readonly unknown[]): string => all.map((one) => JSON.stringify(one)).join("\n");
    await writeFile(join(folder, "history.jsonl"), text(history));
    await writeFile(join(folder, "log.jsonl"), text(this.#log.lives.flatMap(({ lines }) => lines)));
    await writeFile(join(folder, "violations.jsonl"), text(this.#violations));
  }
}

const plannable = ({ name, holdMs = [0, 0] }: { name: string; holdMs?: readonly [number, number] }) => ({
  name,
  holdMs,
});
