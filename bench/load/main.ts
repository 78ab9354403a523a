// The load generator as a process of its own: `node main.js '<LoadSpec as JSON>'` prints a LoadResult as JSON. It is
// apart from the bench so that nothing else the bench does falls into the latencies.
import { type LoadSpec, runLoad } from "./run-load.ts";

const spec = JSON.parse(process.argv[2] ?? "null") as LoadSpec | null;
if (spec === null) throw new Error("usage: node main.js '<LoadSpec as JSON>'");
process.stdout.write(`${JSON.stringify(await runLoad(spec))}\n`);
process.exit(0);
