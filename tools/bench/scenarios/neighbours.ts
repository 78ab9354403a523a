// What a client who asks for little feels beside others who ask for much: slow writes and reads, reads that wait for a
// position, bodies that never end; each kind alone, then all at once. The quick requests come at a fixed rate.
import { type NeighbourKind, neighbourKinds, startNeighbours } from "../load/neighbours.ts";
import type { Results } from "../report/results.ts";
import type { Bench } from "./bench.ts";

type Found = NonNullable<Results["neighbours"]>;

const mixes: readonly { readonly name: string; readonly kinds: readonly NeighbourKind[] }[] = [
  { name: "none", kinds: [] },
  ...neighbourKinds.map((kind) => ({ name: kind, kinds: [kind] })),
  { name: "all of them", kinds: neighbourKinds },
];

/** Until they have found their way into every queue. */
const settleMs = 2_000;

export async function neighbours(bench: Bench): Promise<Found> {
  const service = await bench.cluster.subject();
  const found: Found[number][] = [];
  for (const { name, kinds } of mixes) {
    const position = await bench.position(service);
    const running = kinds.map((kind) => startNeighbours(service.target, kind, position));
    try {
      await new Promise((resolve) => setTimeout(resolve, kinds.length === 0 ? 0 : settleMs));
      const { reads, writes } = await bench.quick(service);
      found.push({ name, reads, writes, answers: running.map(({ answers }) => Object.fromEntries(answers)) });
      bench.say(
        `  beside ${name}: reads p99 ${reads.p99Ms.toFixed(1)} ms, writes p99 ${writes.p99Ms.toFixed(1)} ms, ` +
          `${reads.errors + writes.errors} errors`,
      );
    } finally {
      for (const one of running) one.stop();
    }
  }
  return found;
}
