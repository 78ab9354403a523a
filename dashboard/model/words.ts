// PURE: the state of the cluster in one sentence and a half, and each step of a failover in plain words.
import type { ClusterStatus, ConditionType, StatusCondition } from "../../core/state/status.ts";
import { type Failover, type Scene, type Step, sceneOf } from "./failover.ts";
import { duration, plural, sentence } from "./format.ts";
import type { Model } from "./model.ts";

export type Mood = "good" | "busy" | "bad" | "unknown";

export interface Headline {
  readonly mood: Mood;
  readonly title: string;
  readonly detail: string;
}

export function headlineOf(model: Model, nowMs: number): Headline {
  const { link, status, failover } = model;
  if (link === "refused")
    return {
      mood: "unknown",
      title: "Sign in to look inside",
      detail: "The service wants a token from its operators.",
    };
  if (link === "lost")
    return {
      mood: "unknown",
      title: "No connection to the API",
      detail: "Trying again. What is shown is what was known last.",
    };
  if (status === null)
    return {
      mood: "unknown",
      title: "Waiting for the first report",
      detail: "The controller has not said anything yet.",
    };
  if (failover !== null) return told(failover, sceneOf(failover, nowMs));
  return ofStatus(status);
}

const find = ({ conditions }: ClusterStatus, type: ConditionType): StatusCondition | undefined =>
  conditions.find((one) => one.type === type);

function ofStatus(status: ClusterStatus): Headline {
  const is = (type: ConditionType, value: StatusCondition["status"]): StatusCondition | null => {
    const found = find(status, type);
    return found?.status === value ? found : null;
  };
  const missing = is("DataComplete", "False");
  if (missing !== null)
    return { mood: "bad", title: "Acknowledged data is missing", detail: sentence(missing.message) };
  const noMaster = is("MasterAvailable", "False");
  if (noMaster !== null)
    return {
      mood: "bad",
      title: "No master at the moment",
      detail: `Writes wait in their queue: ${noMaster.message}.`,
    };
  const invalid = is("ManifestValid", "False");
  if (invalid !== null)
    return {
      mood: "bad",
      title: "The edited manifest is refused",
      detail: `The last good one stays in force. ${invalid.message}`,
    };
  const degraded = is("Degraded", "True");
  if (degraded !== null)
    return { mood: "bad", title: "Something needs attention", detail: sentence(degraded.message) };
  const paused = is("Paused", "True");
  if (paused !== null)
    return {
      mood: "busy",
      title: "Paused",
      detail: "The controller observes and reports, but acts on nothing.",
    };
  const scaling = is("Scaling", "True");
  if (scaling !== null)
    return {
      mood: "busy",
      title: scaling.reason === "ScalingIn" ? "Shrinking" : "Growing",
      detail: sentence(`${status.desiredReason}; ${scaling.message}`),
    };
  const ready = find(status, "Ready");
  if (ready?.status === "True") return { mood: "good", title: "All is well", detail: allIsWell(status) };
  return { mood: "busy", title: "Getting ready", detail: sentence(ready?.message ?? "") };
}

const allIsWell = ({ master, readySlaves }: ClusterStatus): string =>
  `${master ?? "The master"} takes the writes, ${plural(readySlaves, "slave")} ${readySlaves === 1 ? "answers" : "answer"} the reads.`;

const moods: Readonly<Record<Step, Mood>> = {
  lost: "bad",
  election: "busy",
  epoch: "good",
  replacement: "busy",
  healed: "good",
};

const told = (failover: Failover, scene: Scene): Headline => ({
  mood: moods[scene.step],
  title: stepTitles[scene.step],
  detail: narrate(failover, scene),
});

export const stepTitles: Readonly<Record<Step, string>> = {
  lost: "Master lost",
  election: "Election",
  epoch: "New epoch",
  replacement: "Replacement",
  healed: "Whole again",
};

export function narrate({ lost, candidates, outcome }: Failover, { step, decided }: Scene): string {
  const old = `${lost.name} (pid ${lost.pid})`;
  switch (step) {
    case "lost":
      return `${old} is gone, and its znode with it. Writes wait in writeQ; the slaves go on answering reads.`;
    case "election":
      if (decided && outcome !== null)
        return `${outcome.winner.name} has the lowest pid, ${outcome.winner.pid}: it creates the master znode.`;
      if (candidates.length === 0)
        return "No slave is there to take over: the next worker that joins with a copy will lead.";
      return candidates.length === 1
        ? `${candidates[0]?.name} (pid ${candidates[0]?.pid}) is the only candidate.`
        : `The slaves compare their pids: ${candidates.map(({ pid }) => pid).join(", ")}. The lowest one wins.`;
    case "epoch":
      if (outcome === null) return "";
      return `${outcome.winner.name} has read the log to its end and leads in epoch ${outcome.epoch}${after(outcome.gapMs)}. Whatever ${lost.name} might still say is void.`;
    case "replacement":
      return "The controller starts a worker in the lost one's place. It takes over the copy, replays what it missed, then serves reads.";
    case "healed":
      return outcome === null
        ? ""
        : `${outcome.winner.name} leads in epoch ${outcome.epoch}, every slave is back. No acknowledged write was lost.`;
  }
}

const after = (gapMs: number | null): string => (gapMs === null ? "" : `, ${duration(gapMs)} after the loss`);
