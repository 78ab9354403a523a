// The load generator as a process of its own, so that nothing else the bench does falls into the latencies:
// `node main.ts '<LoadSpec as JSON>'` prints a line when it begins to measure, one when it has, and a LoadResult as JSON.
import { type LoadSpec, runLoad } from "./run-load.ts";

const tell = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const spec = JSON.parse(process.argv[2] ?? "null") as LoadSpec | null;
if (spec === null) throw new Error("usage: node main.ts '<LoadSpec as JSON>'");
tell(JSON.stringify(await runLoad(spec, tell)));
process.exit(0);
