// A virtual world that runs by itself in the background, for tests that ask one thing after the other.
import { VirtualWorld } from "./virtual-world.ts";

export interface RunningWorld {
  readonly world: VirtualWorld;
  readonly stop: () => void;
}

export function runningWorld(seed: number): RunningWorld {
  const world = new VirtualWorld(seed);
  let stopped = false;
  const run = async () => {
    while (!stopped) {
      await world.advance(() => stopped, Number.POSITIVE_INFINITY);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  void run();
  return {
    world,
    stop: () => {
      stopped = true;
    },
  };
}
