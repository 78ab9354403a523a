// A cycle that acted, as a span: how long it took, what it did in words, and under which id the log tells of it.
import type { Tracing } from "../platform/telemetry/tracing.ts";
import type { CycleDone } from "./measures.ts";
import { describe } from "./reconcile/action.ts";

export function traceCycle(tracing: Tracing, { tookMs, acted, after }: CycleDone): void {
  if (acted.length === 0) return;
  const { id, atMs } = after.lastCycle;
  const failed = acted.filter(({ error }) => error !== null).length;
  const span = tracing.enter({
    name: "reconcile",
    kind: "internal",
    startMs: atMs - tookMs,
    attributes: {
      "dbaas.reconcile.id": id,
      "dbaas.reconcile.actions": acted.map(({ action }) => describe(action) ?? action.kind),
      "dbaas.desired_slaves": after.desiredSlaves,
    },
  });
  span?.end(failed === 0 ? undefined : `${failed} of ${acted.length} actions failed`);
}
