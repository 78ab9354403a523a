import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aborted } from "../../../platform/process/waiting.ts";
import { engineContract, noNotes } from "../../contract/engine-contract.ts";
import type { MemoryContainer } from "../../fakes/memory-container.ts";
import { MemoryEngine } from "../../fakes/memory-engine.ts";
import { runningWorld } from "../../fakes/running-world.ts";

const { world, stop } = runningWorld(1);
const directory = mkdtempSync(join(tmpdir(), "memory-engine-"));
const untilStopped = (container: MemoryContainer, signal: AbortSignal): Promise<void> => {
  container.wrote = "begun";
  return aborted(signal);
};

for (const hosts of [["host1"], ["host1", "host2", "host3"]]) {
  const engine = new MemoryEngine(world, join(directory, String(hosts.length)), untilStopped, hosts);
  engineContract(`in memory, ${hosts.length === 1 ? "one host" : "several hosts"}`, {
    cluster: "contract",
    image: "image",
    network: "network",
    command: [],
    words: "begun",
    open: async () => ({ opener: engine, notes: noNotes }),
    crash: async ({ id }) => {
      const container = engine.containers.get(id);
      if (container !== undefined) engine.crash(container);
    },
    removeVolume: async (worker) => void engine.volumes.delete(`contract-${worker}`),
    hasBegun: async () => true,
    close: async () => {
      if (hosts.length === 1) return;
      stop();
      rmSync(directory, { recursive: true });
    },
  });
}
