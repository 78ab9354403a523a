// Carries out one step of the schedule: calm, the fault, and the wait until the cluster has healed. What the fault itself
// could not do is told, and is no violation; a cluster that does not heal is one.
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../core/errors.ts";
import type { Crowd } from "./clients/crowd.ts";
import type { Observer } from "./cluster/observer.ts";
import type { Fault } from "./faults/fault.ts";
import type { Violation } from "./history.ts";
import { randomOf } from "./random.ts";
import type { Strike } from "./report/gaps.ts";
import type { Timeline } from "./report/timeline.ts";
import type { Step } from "./schedule.ts";
import type { World } from "./world.ts";

export interface NemesisOptions {
  readonly timeline: Timeline;
  readonly observer: Observer;
  readonly crowd: Crowd;
  readonly world: Pick<World, "settled">;
  readonly patience: number;
}

export interface StepResult {
  readonly strikes: readonly Strike[];
  readonly violations: readonly Violation[];
  /** Why the fault could not be done, in words. */
  readonly failure: string | null;
}

const healsWithinMs = 60_000;

export async function carryOut(step: Step, fault: Fault, options: NemesisOptions): Promise<StepResult> {
  const { timeline, crowd } = options;
  await sleep(step.calmMs);
  timeline.tell(`${step.number}. ${fault.name}: ${fault.what}`);
  const strikes: Strike[] = [];
  const broken: Violation[] = [];
  const failure = await fault
    .run({
      random: randomOf(step.seed),
      holdMs: step.holdMs,
      hush: () => crowd.hush(),
      strike: (kind = "other", lost = []) => {
        const atMs = timeline.nowMs();
        const { number, fault: name } = step;
        const open = { healedAtMs: null, replacedAtMs: null, backAtMs: null };
        strikes.push({ step: number, fault: name, kind, lost, atMs, ...open });
      },
      back: () => {
        for (const strike of strikes) strike.backAtMs = timeline.nowMs();
      },
      note: (what) => timeline.tell(`     ${what}`),
      violate: (rule, evidence) => broken.push({ rule, evidence: `${fault.name}: ${evidence}` }),
    })
    .then(
      () => null,
      (error: unknown) => messageOf(error),
    );
  crowd.release();
  if (failure !== null) timeline.tell(`     could not be done as planned: ${failure.slice(0, 400)}`);
  const violations = [...broken, ...(await heal(fault, strikes, options))];
  return { strikes, violations, failure };
}

async function heal(
  fault: Fault,
  strikes: readonly Strike[],
  { timeline, observer, world, patience }: NemesisOptions,
): Promise<readonly Violation[]> {
  try {
    const withinMs = patience * (fault.healsWithinMs ?? healsWithinMs);
    const all = await world.settled(withinMs, (lack) => timeline.tell(`     not yet: ${lack.slice(0, 200)}`));
    const healedAtMs = timeline.nowMs();
    const struckAtMs = strikes.at(-1)?.atMs ?? healedAtMs;
    for (const strike of strikes) {
      strike.healedAtMs = healedAtMs;
      strike.replacedAtMs = observer.completeAgain(strike.atMs);
    }
    const who = all.map(({ name, state }) => (state === "master" ? `${name} leads` : name)).join(", ");
    timeline.tell(
      `     as desired ${((healedAtMs - struckAtMs) / 1000).toFixed(1)} s after it struck: ${who}`,
    );
    return [];
  } catch (error) {
    timeline.tell(`     NOT HEALED: ${messageOf(error)}`);
    return [{ rule: "the cluster did not heal in time", evidence: `${fault.name}: ${messageOf(error)}` }];
  }
}
