// What holds where nothing strikes: everybody is told what became of a request, and who asks for what is quick by its form is told soon,
// whatever others ask.
import type { Told } from "./clients.ts";
import type { Course } from "./course.ts";

/** What takes long has a turn of 200 ms before it. */
const soonMs = 1_500;

/** Nothing strikes, and the queues have room. */
export const isCalm = ({ faults, roomMax }: Course): boolean => faults.length === 0 && roomMax === undefined;

export function everybodyIsTold(told: readonly Told[]): readonly string[] {
  return told.flatMap(({ ask, value, outcome, code, askedAtMs, answeredAtMs }) => {
    if (outcome === "unknown")
      return [
        `what became of ${ask.kind} ${value} was never told (${code ?? "no answer"}), and nothing struck`,
      ];
    const tookMs = Math.round(answeredAtMs - askedAtMs);
    // SQL that is not known yet may take as long as what is slow, and waits with it.
    return ask.kind !== "set" || tookMs <= soonMs
      ? []
      : [`set ${value} waited ${tookMs} ms for others, and nothing struck`];
  });
}
