// A container of the engine in memory, and how the engine shows it.
import { labels, shortId } from "../../controller/names.ts";
import type { ContainerSeen, Ending, WorkerContainer } from "../../controller/ports.ts";
import type { Volume } from "./memory-disk.ts";
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

const stateOf = ({ state }: MemoryContainer, isAway: boolean): ContainerSeen["state"] =>
  isAway ? "unknown" : state === "running" ? "running" : "dead";

export const seenOf = (container: MemoryContainer, isAway: boolean): ContainerSeen => ({
  id: container.id,
  shortId: shortId(container.id),
  worker: container.worker,
  host: container.made.host,
  state: stateOf(container, isAway),
  pid: container.state === "running" ? container.pid : 0,
  startedAtMs: container.startedAtMs,
  finishedAtMs: container.finishedAtMs,
  ending: container.ending ?? (container.state === "running" ? null : "clean"),
  endedWith: container.state === "running" ? "" : endedWith[container.ending ?? "clean"],
  specHash: container.made.labels[labels.spec] ?? "",
});
