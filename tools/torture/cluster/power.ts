// Death and sleep of containers. Death comes by a signal to the container's first process, which takes effect at once; asking
// the engine takes longer than much of what is measured here. Sleep comes from the engine, which freezes every process.
import { platform } from "node:os";
import { messageOf } from "../../../core/errors.ts";
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

/** It was killed in its sleep, and has ended, or its container is gone. */
const sleepsNoMore = /is not paused|no such container/i;

/**
 * Frozen for as long as `meanwhile` takes, which begins when the engine says so. The engine needs a time of its own for both: who
 * counts from before counts it, too.
 * @throws when it does not go on
 */
export async function frozen(
  container: string,
  meanwhile: () => Promise<unknown>,
  ask: (...command: string[]) => Promise<string> = docker,
): Promise<void> {
  await ask("pause", container);
  try {
    await meanwhile();
  } finally {
    await ask("unpause", container).catch((error: unknown) => {
      if (!sleepsNoMore.test(messageOf(error))) throw error;
    });
  }
}

export async function pidOf(container: string): Promise<number> {
  return Number((await docker("inspect", "--format", "{{.State.Pid}}", container)).trim());
}
