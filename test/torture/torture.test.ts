// A few minutes of `./dbaas torture` under a seed that is always the same: a cluster of its own, broken in one way after
// another while clients use it. Long runs are started by hand; what they have shown is in docs/reliability.md.
import { test } from "node:test";
import { torture } from "./run-torture.ts";

const seed = 2026;
const minutes = 2;

test(`${minutes} minutes of faults under seed ${seed}: the service keeps its word`, async () => {
  await torture({ seed, minutes });
});
