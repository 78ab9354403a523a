// A container of the engine in memory, and how the engine shows it.
import { labels, shortId } from "../../controller/names.ts";
import type { ContainerSeen, Ending, WorkerContainer } from "../../controller/ports.ts";
import type { Volume } from "./memory-disk.ts";
import type { HostState } from "./memory-hosts.ts";
import type { VirtualProcess } from "./virtual-process.ts";

const endedWith: Record<Ending, string> = {
  clean: "exit code 0",
  killed: "exit code 137",
  outOfMemory: "out of memory",
  crashed: "exit code 1",
};

export class MemoryContainer {
  readonly id: string;
  readonly made: WorkerContainer;
  readonly volume: Volume;
  process: VirtualProcess;
  state: "created" | "running" | "dead" = "created";
  pid = 0;
  startedAtMs = 0;
  finishedAtMs = 0;
  ending: Ending | null = null;
  /** Together with its host, or while that could not be seen. */
  endedUnseen = false;
  /** The end of it. */
  wrote = "";
  readonly stop = new AbortController();

  constructor(id: string, made: WorkerContainer, volume: Volume, process: VirtualProcess) {
    this.id = id;
    this.made = made;
    this.volume = volume;
    this.process = process;
  }

  get worker(): string {
    return this.made.worker;
  }
}

/** As it is, or as it was when its host was last seen. */
export function seenOf(container: MemoryContainer, host: HostState): ContainerSeen {
  const wasRunning = container.state === "running" || (host === "not missed yet" && container.endedUnseen);
  return {
    id: container.id,
    shortId: shortId(container.id),
    worker: container.worker,
    host: container.made.host,
    state: host === "away" ? "unknown" : wasRunning ? "running" : "dead",
    pid: wasRunning ? container.pid : 0,
    startedAtMs: container.startedAtMs,
    finishedAtMs: wasRunning ? 0 : container.finishedAtMs,
    ending: wasRunning ? null : (container.ending ?? "clean"),
    endedWith: wasRunning ? "" : endedWith[container.ending ?? "clean"],
    specHash: container.made.labels[labels.spec] ?? "",
  };
}
