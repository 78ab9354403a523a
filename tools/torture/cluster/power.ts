// Death and sleep of containers. Death comes by a signal to the container's first process, which takes effect at once; asking
// the engine takes longer than much of what is measured here. Sleep comes from the engine, which freezes every process.
import { platform } from "node:os";
import { docker } from "../../cluster/command.ts";
import type { Worker } from "../../cluster/workers.ts";

/** Signals across containers, network rules and mounts need it. */
export const isRoot = platform() === "linux" && process.getuid?.() === 0;

export async function kill(...some: readonly Pick<Worker, "pid" | "id">[]): Promise<void> {
  if (!isRoot) {
    await docker("kill", ...some.map(({ id }) => id));
    return;
  }
  for (const { pid } of some) process.kill(pid, "SIGKILL");
}

export const terminate = async ({ id }: Pick<Worker, "id">): Promise<void> => {
  await docker("kill", "--signal", "TERM", id);
};

/** Frozen for as long as `meanwhile` takes. */
export async function frozen(container: string, meanwhile: () => Promise<unknown>): Promise<void> {
  await docker("pause", container);
  try {
    await meanwhile();
  } finally {
    // It may have been killed in its sleep.
    await docker("unpause", container).catch(() => undefined);
  }
}

export async function pidOf(container: string): Promise<number> {
  return Number((await docker("inspect", "--format", "{{.State.Pid}}", container)).trim());
}
