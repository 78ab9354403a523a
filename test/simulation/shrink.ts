// Makes a failing course smaller while it goes on failing: fewer faults, fewer operations, fewer asks, fewer slaves. What is left is
// close to the story that a person has to understand.
import type { Course, Operation } from "./course.ts";

/** @param fails whether a course still shows the failure */
export async function shrink(
  course: Course,
  fails: (course: Course) => Promise<boolean>,
  runsMax = 100,
): Promise<Course> {
  let smallest = course;
  let runs = 0;
  const tryOut = async (candidate: Course): Promise<boolean> => {
    runs += 1;
    if (runs > runsMax || !(await fails(candidate))) return false;
    smallest = candidate;
    return true;
  };
  let before: Course;
  do {
    before = smallest;
    await dropSome(smallest.faults, (faults) => tryOut({ ...smallest, faults }));
    await dropSome(smallest.operations, (operations) => tryOut({ ...smallest, operations }));
    for (const [i, { asks }] of smallest.operations.entries())
      await dropSome(asks, (fewer) => tryOut({ ...smallest, operations: withAsks(smallest, i, fewer) }), 1);
    if (smallest.slaves > 1) await tryOut({ ...smallest, slaves: smallest.slaves - 1 });
  } while (smallest !== before && runs <= runsMax);
  return smallest;
}

const withAsks = (course: Course, at: number, asks: Operation["asks"]): readonly Operation[] =>
  course.operations.map((operation, i) => (i === at ? { ...operation, asks } : operation));

/** Leaves out halves, then quarters, down to single ones. */
async function dropSome<T>(
  given: readonly T[],
  tryOut: (kept: readonly T[]) => Promise<boolean>,
  least = 0,
): Promise<void> {
  let kept = given;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let at = 0; at < kept.length; ) {
      const fewer = [...kept.slice(0, at), ...kept.slice(at + size)];
      if (fewer.length >= least && (await tryOut(fewer))) kept = fewer;
      else at += size;
    }
}
