// Runs seed after seed until one fails, and tells what a person needs to look into it. Called in a thread of its own (thread.ts): what goes in
// and what comes out is data.
import { VirtualWorld } from "../fakes/virtual-world.ts";
import { withBrokersInTurn } from "./brokers-course.ts";
import { type Course, courseOf } from "./course.ts";
import { crowdOf, withTrouble } from "./crowd-course.ts";
import { overHosts } from "./host-course.ts";
import { withLostCopy } from "./lost-copy-course.ts";
import { type Outcome, runCourse } from "./run-course.ts";
import { shrink } from "./shrink.ts";
import { withTransactions } from "./transaction-course.ts";

/** On one host. */
const plainCourseOfSeed = (seed: number): Course => {
  const world = new VirtualWorld(seed);
  return crowdOf(seed, world) ?? withTrouble(withTransactions(courseOf(seed, world), world), world);
};

/** On one host, or on several. */
const courseOfSeed = (seed: number): Course => {
  const world = new VirtualWorld(seed);
  return crowdOf(seed, world) ?? overHosts(plainCourseOfSeed(seed), world);
};

const courses = {
  any: courseOfSeed,
  onOneHost: plainCourseOfSeed,
  withBrokersInTurn: (seed: number): Course => {
    const world = new VirtualWorld(seed);
    return withBrokersInTurn(courseOf(seed, world), world);
  },
  withLostCopies: (seed: number): Course => {
    const world = new VirtualWorld(seed);
    return withLostCopy(courseOf(seed, world), world);
  },
};

export interface Explored {
  readonly seeds: number;
  readonly acknowledged: number;
  readonly elections: number;
  readonly forgettings: number;
  readonly failed?: { readonly course: Course; readonly outcome: Outcome };
}

export interface Search {
  /** It ends before the last seed when it has run so many, and for so long. */
  readonly enough?: { readonly seeds: number; readonly afterMs: number };
  readonly kind?: keyof typeof courses;
}

export async function explore(
  first: number,
  count: number,
  { enough = { seeds: count, afterMs: 0 }, kind = "any" }: Search = {},
): Promise<Explored> {
  const startedAtMs = performance.now();
  let acknowledged = 0;
  let elections = 0;
  let forgettings = 0;
  let seeds = 0;
  const isEnough = () => seeds >= enough.seeds && performance.now() - startedAtMs > enough.afterMs;
  while (seeds < count && !isEnough()) {
    const course = courses[kind](first + seeds);
    seeds += 1;
    const outcome = await runCourse(course);
    acknowledged += outcome.acknowledged;
    elections += outcome.elections;
    forgettings += outcome.forgettings;
    if (outcome.violations.length > 0)
      return { seeds, acknowledged, elections, forgettings, failed: { course, outcome } };
  }
  return { seeds, acknowledged, elections, forgettings };
}

/** A seed with all that happens in it. */
export async function courseAndOutcome(seed: number): Promise<{ course: Course; outcome: Outcome }> {
  const course = courseOfSeed(seed);
  return { course, outcome: await runCourse(course, { trace: true }) };
}

export const violationsIn = async (course: Course): Promise<readonly string[]> =>
  (await runCourse(course)).violations;

const lengthMax = 300;
const cut = (text: string) => (text.length > lengthMax ? `${text.slice(0, lengthMax)}…` : text);

/** The failure of a course in words: what was violated, the smallest course that still shows it, and what happened in it. */
export async function story(course: Course): Promise<string> {
  const smallest = await shrink(course, async (fewer) => (await runCourse(fewer)).violations.length > 0);
  const { violations, trace } = await runCourse(smallest, { trace: true });
  return [
    `seed ${course.seed} (again with SIM_SEED=${course.seed}), made smaller to ${smallest.faults.length} faults and ` +
      `${smallest.operations.length} operations:`,
    ...violations.map((violation) => `  ${cut(violation)}`),
    `course: ${JSON.stringify(smallest)}`,
    ...trace.map(cut),
  ].join("\n");
}
