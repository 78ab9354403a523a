// PURE: what it means for workers and their volumes that there are several hosts, of which some may be away.
import type { HostSeen } from "../ports.ts";
import { isReady, type Observed, type WorkerView } from "./workers.ts";

/** Whether a worker can be started there. */
export const canStart = ({ reachable, image }: HostSeen): boolean => reachable && image !== null;

/** In the first moments of a cluster its hosts tell what they have one after another. */
const comingMs = 20_000;

/** It has been there for a short time, and has not told yet what it has. */
export const isComing = ({ reachable, image, sinceMs }: HostSeen, wallMs: number): boolean =>
  reachable && image === null && wallMs - sinceMs < comingMs;

/** The host that is away and has the worker's volume, as far as that was noted; null when it is not on one that is away. */
export function awayHostOf(
  worker: string,
  { hosts, volumes, copies, workers }: Pick<Observed, "hosts" | "volumes" | "copies" | "workers">,
): HostSeen | null {
  if (volumes.has(worker)) return null;
  const unseen = workers.find(({ name, phase }) => name === worker && phase === "unknown");
  const host = unseen?.container.host ?? copies.get(worker)?.host;
  return hosts.find(({ name, reachable }) => name === host && !reachable) ?? null;
}

/** `host2, which is away since …` */
export const awayInWords = ({ name, sinceMs }: HostSeen): string =>
  sinceMs === 0
    ? `${name}, which is away`
    : `${name}, which is away since ${new Date(sinceMs).toISOString()}`;

/** The host that all of these run on; null when they run on several, or there are none. */
export function onlyHostOf(workers: readonly WorkerView[]): string | null {
  const [first, ...others] = new Set(workers.map(({ container }) => container.host));
  return first !== undefined && others.length === 0 ? first : null;
}

/**
 * The host on which all copies that are ready are, while another could take one: its loss would stop reads and writes until a
 * copy elsewhere is complete.
 */
export function crowdedHost({ hosts, workers }: Pick<Observed, "hosts" | "workers">): string | null {
  const ready = workers.filter(isReady);
  const host = ready.length < 2 ? null : onlyHostOf(ready);
  return hosts.some((other) => canStart(other) && other.name !== host) ? host : null;
}
