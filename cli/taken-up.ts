// Waits until the controller goes by a manifest that was just saved, and tells what it says to it.
import { isDeepStrictEqual } from "node:util";
import type { ManifestSpec } from "../core/manifest/manifest.ts";
import type { SpecNode } from "../core/state/spec-node.ts";
import type { ClusterStatus, ConditionType, StatusCondition } from "../core/state/status.ts";

import { Wakeable } from "../platform/process/waiting.ts";
import { CliError, exitCodes } from "./exit.ts";
import type { ClusterView } from "./view.ts";

const takenUpWithinMs = 15_000;
const readyWithinMs = 180_000;
const lookEveryMs = 500;

const conditionIn = (status: ClusterStatus, type: ConditionType): StatusCondition | undefined =>
  status.conditions.find((one) => one.type === type);

/** Whether the controller has published it. Through JSON, as it stands in ZooKeeper. */
export const isInForce = (spec: ManifestSpec, node: SpecNode | null): node is SpecNode =>
  node !== null && isDeepStrictEqual(node.spec, JSON.parse(JSON.stringify(spec)));

export const isAsDesired = (status: ClusterStatus): boolean =>
  conditionIn(status, "Ready")?.status === "True" && conditionIn(status, "Scaling")?.status === "False";

/** What an operator wants to know once the manifest is in force. */
export function verdictText(status: ClusterStatus): string {
  const paused = conditionIn(status, "Paused")?.status === "True";
  const wrong = conditionIn(status, "Degraded");
  const applied = conditionIn(status, "ManifestApplied");
  return [
    `The manifest is in force as generation ${status.observedGeneration}.`,
    `Slaves: ${status.desiredSlaves} desired (${status.desiredReason}), ${status.readySlaves} ready.`,
    ...(paused ? ["Paused: the controller observes and reports, and acts on nothing."] : []),
    ...(applied?.status === "False" ? [`Not carried out: ${applied.message}`] : []),
    ...(wrong?.status === "True" ? [`Degraded: ${wrong.message}`] : []),
    "",
  ].join("\n");
}

/** The part of ClusterView that is needed. */
export type Followed = Pick<ClusterView, "look" | "lookAtManifest" | "onChange" | "ended">;

/**
 * The status tells of a manifest only at the end of the cycle that published it, which may have started workers in between: however long
 * that takes, the manifest is in force meanwhile.
 * @throws CliError when it is not taken up, or (if asked for) not carried out, in time
 */
export async function awaitTakenUp(
  view: Followed,
  spec: ManifestSpec,
  until: "in force" | "as desired",
): Promise<string> {
  const startedAtMs = performance.now();
  let [inForceAtMs, controlledAtMs] = [startedAtMs, startedAtMs];
  const changed = new Wakeable();
  view.onChange(() => changed.wake());
  for (;;) {
    const [{ status, controlled }, { accepted }] = [await view.look(), await view.lookAtManifest()];
    const inForce = isInForce(spec, accepted);
    const isTold = inForce && status.observedGeneration >= accepted.generation;
    if (isTold && (until === "in force" || isAsDesired(status))) return verdictText(status);
    const nowMs = performance.now();
    if (controlled) controlledAtMs = nowMs;
    if (inForce) inForceAtMs = nowMs;
    else if (nowMs - inForceAtMs > takenUpWithinMs) throw notTakenUp(status, controlled);
    if (inForce && !isTold && nowMs - controlledAtMs > takenUpWithinMs)
      throw new CliError(
        exitCodes.unreachable,
        "in force; no controller is acting, the next one carries it out",
      );
    if (inForce && nowMs - startedAtMs > readyWithinMs) throw notCarriedOut(status, isTold);
    await changed.wait(lookEveryMs, view.ended);
    if (view.ended.aborted) throw new CliError(exitCodes.unreachable, "lost the connection to ZooKeeper");
  }
}

const notCarriedOut = (status: ClusterStatus, isTold: boolean): CliError =>
  new CliError(
    exitCodes.failed,
    `in force, but ${isTold ? conditionIn(status, "Scaling")?.message : "the controller has not told yet what came of it"}`,
  );

function notTakenUp(status: ClusterStatus, controlled: boolean): CliError {
  if (!controlled)
    return new CliError(
      exitCodes.unreachable,
      "the manifest is saved; no controller is acting, the next one will take it up",
    );
  const valid = conditionIn(status, "ManifestValid");
  const why = valid?.status === "False" ? valid.message : "the controller has not taken it up yet";
  return new CliError(exitCodes.failed, `the manifest is saved, but not in force: ${why}`);
}
