// The hosts of the engine in memory: which of them can be reached, and what the others know of it.
import type { HostSeen } from "../../controller/ports.ts";
import { TransientError } from "../../core/errors.ts";
import { worldEpochMs } from "./virtual-process.ts";
import type { VirtualWorld } from "./virtual-world.ts";

/** How long the hosts take to miss one of them. */
const missedMs = { least: 1_000, most: 4_000 } as const;
const image = "sha256:simulated";

export type HostState = "seen" | "away" | "not missed yet";

interface MemoryHost {
  readonly name: string;
  state: HostState;
  sinceMs: number;
}

export class MemoryHosts {
  readonly #world: VirtualWorld;
  readonly #random: () => number;
  readonly #hosts: readonly MemoryHost[];
  readonly #tell: () => void;

  constructor(world: VirtualWorld, names: readonly string[], tell: () => void) {
    this.#world = world;
    this.#random = world.random("engine hosts");
    this.#hosts = names.map((name) => ({ name, state: "seen", sinceMs: 0 }));
    this.#tell = tell;
  }

  stateOf(name: string): HostState {
    return this.#host(name).state;
  }

  seen(): readonly HostSeen[] {
    return this.#hosts.map(({ name, state, sinceMs }, i) => ({
      name,
      number: i + 1,
      reachable: state !== "away",
      sinceMs,
      image,
      leads: [],
      partsAway: [],
    }));
  }

  /** @param from a host that is cut off asks in vain, as all do while a majority is gone */
  answer(from: string | undefined): boolean {
    const gone = this.#hosts.filter(({ state }) => state !== "seen");
    return gone.length < this.#hosts.length / 2 && !gone.some(({ name }) => name === from);
  }

  /** Nothing on it can be changed from now on, and the others miss it a while later. What runs there goes on. */
  lose(name: string): void {
    const host = this.#host(name);
    if (host.state !== "seen") return;
    host.state = "not missed yet";
    this.#world.after(missedMs.least + this.#random() * (missedMs.most - missedMs.least), () => {
      if (host.state === "not missed yet") this.#is(host, "away");
    });
  }

  find(name: string): void {
    const host = this.#host(name);
    if (host.state === "away") this.#is(host, "seen");
    host.state = "seen";
  }

  mustReach(name: string): void {
    if (this.stateOf(name) !== "seen") throw new TransientError(`${name} is away`);
  }

  #is(host: MemoryHost, state: HostState): void {
    host.state = state;
    host.sinceMs = worldEpochMs + this.#world.nowMs;
    this.#tell();
  }

  #host(name: string): MemoryHost {
    const host = this.#hosts.find((one) => one.name === name);
    if (host === undefined) throw new TransientError(`no such host: ${name}`);
    return host;
  }
}
