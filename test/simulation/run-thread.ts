// What thread.ts starts: carries out what it is called with, one call after the other. What is thrown ends the thread, and thread.ts hears of it.
import { parentPort, workerData } from "node:worker_threads";
import { withEdits } from "./mutants.ts";
import type { Call, Mutant } from "./thread.ts";

type Simulation = typeof import("./explore.ts");

const mutant = workerData as Mutant | null | undefined;
const simulation = await (mutant
  ? withEdits<Simulation>(mutant.name, mutant.edits, new URL("./explore.ts", import.meta.url).href)
  : import("./explore.ts"));

parentPort?.on("message", async ({ called, given }: Call) => {
  const work = simulation[called] as (...given: readonly unknown[]) => Promise<unknown>;
  parentPort?.postMessage(await work(...given));
});
