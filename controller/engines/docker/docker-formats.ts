// PURE: how Docker wants a container described, how it tells of one, and how it hands out logs and events.
import { labels, shortId } from "../../names.ts";
import type { ContainerSeen, ContainerState, Ending, WorkerContainer } from "../../ports.ts";
import type { Labelled } from "../ownership.ts";
import type { ContainerListed, InspectedState } from "./docker-api.ts";

const temporarySpace = "rw,nosuid,nodev,size=64m";

/** A worker may write to its data and to /tmp, may gain no rights, and cannot take more than its share of the host. */
export const hostConfigOf = ({ volume, dataDir, network, memoryBytes, pidsMax }: WorkerContainer) => ({
  NetworkMode: network,
  Binds: [`${volume.name}:${dataDir}`],
  Tmpfs: { "/tmp": temporarySpace },
  ReadonlyRootfs: true,
  CapDrop: ["ALL"],
  SecurityOpt: ["no-new-privileges"],
  Memory: memoryBytes,
  // Equal to the memory: no swap, a worker that needs more fails visibly instead of slowly.
  MemorySwap: memoryBytes,
  PidsLimit: pidsMax,
  Init: true,
  LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
});

/** In the cluster's network this name stands for all workers: so Prometheus finds those that come and go. */
export const workersAlias = "workers";

/** The engine's own network knows no names. */
export const networkingOf = ({ network }: WorkerContainer) =>
  network === "bridge" ? {} : { EndpointsConfig: { [network]: { Aliases: [workersAlias] } } };

const frameHead = 8;
const lengthAt = 4;
const lastWordsMax = 2_000;

/** The end of a log, once. */
export const lastWordsAsked = { stdout: true, stderr: true, tail: 8, follow: false } as const;

/** Logs of a container without a terminal come in frames: a head of eight bytes with the length, then the text. */
export const textOfLogs = (frames: Buffer): string => outputIn(frames).trim().slice(-lastWordsMax);

/** Both streams in their order. dockerode's own reader calls itself for each frame, and runs out of stack. */
export function outputIn(frames: Buffer): string {
  const texts: string[] = [];
  for (let at = 0; at + frameHead <= frames.length; ) {
    const length = frames.readUInt32BE(at + lengthAt);
    texts.push(frames.toString("utf8", at + frameHead, at + frameHead + length));
    at += frameHead + length;
  }
  return texts.join("");
}

export function eventIn(line: string): { readonly action: string; readonly id: string } {
  try {
    const event = JSON.parse(line) as { readonly Action?: unknown; readonly id?: unknown };
    return { action: String(event.Action ?? ""), id: String(event.id ?? "") };
  } catch {
    return { action: "", id: "" };
  }
}

export const labelled = ({ Names, Labels }: ContainerListed): Labelled => ({
  name: (Names[0] ?? "").replace(/^\//, ""),
  labels: Labels,
});

const exitCodes = { inOrder: 0, afterSigkill: 137, afterSigterm: 143 } as const;

/** SIGTERM asks a process to end: one that it ended did as it was asked. */
export function endingOf(exitCode: number, outOfMemory: boolean): Ending {
  if (outOfMemory) return "outOfMemory";
  if (exitCode === exitCodes.afterSigkill) return "killed";
  return exitCode === exitCodes.inOrder || exitCode === exitCodes.afterSigterm ? "clean" : "crashed";
}

export const endingInWords = (exitCode: number, outOfMemory: boolean): string =>
  outOfMemory ? "out of memory" : `exit code ${exitCode}`;

const stateOf = (state: InspectedState): ContainerState => {
  if (state.Status === "removing" || state.Restarting) return "going";
  return state.Running ? "running" : "dead";
};

export function seenOf(info: ContainerListed, state: InspectedState, host: string): ContainerSeen {
  const isDead = stateOf(state) === "dead";
  return {
    id: info.Id,
    shortId: shortId(info.Id),
    worker: info.Labels[labels.worker] ?? "",
    host,
    specHash: info.Labels[labels.spec] ?? "",
    state: stateOf(state),
    pid: state.Running ? state.Pid : 0,
    startedAtMs: Math.max(0, Date.parse(state.StartedAt)),
    finishedAtMs: state.Running ? 0 : Math.max(0, Date.parse(state.FinishedAt)),
    ending: isDead ? endingOf(state.ExitCode, state.OOMKilled) : null,
    endedWith: isDead ? endingInWords(state.ExitCode, state.OOMKilled) : "",
  };
}
