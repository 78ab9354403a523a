// PURE: which host a worker is started on, and from which one it is taken. A volume ties a worker to its host. What is free to
// choose is spread: a fresh volume goes to the host with the fewest live workers, a worker that is too many is taken from the
// fullest, and never are all copies on one host while another could have one.
import type { HostSeen } from "../ports.ts";
import { canStart, isComing, onlyHostOf } from "./hosts.ts";
import { isLive, type Observed, type WorkerView } from "./workers.ts";

export interface Start {
  readonly worker: string;
  readonly host: string;
}

type Placed = Pick<Observed, "hosts" | "workers" | "wallMs">;

/** The hosts that run each live worker, and each that is about to start. */
const occupied = ({ workers }: Placed, starting: readonly Start[]): readonly string[] => [
  ...workers.filter(isLive).map(({ container }) => container.host),
  ...starting.map(({ host }) => host),
];

const countOf = (host: string, hosts: readonly string[]): number =>
  hosts.filter((one) => one === host).length;

/** @returns null when there is none that could start a worker, or one that comes up now is to have it */
export function hostForFresh(placed: Placed, starting: readonly Start[]): string | null {
  const taken = occupied(placed, starting);
  const byLoad = (a: HostSeen, b: HostSeen): number =>
    countOf(a.name, taken) - countOf(b.name, taken) ||
    Number(canStart(b)) - Number(canStart(a)) ||
    a.number - b.number;
  // Where the image is known nowhere, starting says what is wrong.
  const isKnown = placed.hosts.some(canStart);
  const [host] = placed.hosts
    .filter((one) => (isKnown ? canStart(one) || isComing(one, placed.wallMs) : one.reachable))
    .sort(byLoad);
  return host === undefined || (isKnown && !canStart(host)) ? null : host.name;
}

/**
 * The first volumes by their turn. When they and all that is live would be on one host, the last of them gives way to the first
 * that is elsewhere, or to a fresh one, which `hostForFresh` places elsewhere.
 */
export function volumesInTurn<V extends Start>(
  volumes: readonly V[],
  count: number,
  placed: Placed,
): readonly V[] {
  const first = volumes.slice(0, Math.max(0, count));
  const taken = occupied(placed, first);
  const [host, ...others] = new Set(taken);
  const isSpread = first.length < count || taken.length < 2 || host === undefined || others.length > 0;
  if (isSpread || !placed.hosts.some((one) => canStart(one) && one.name !== host)) return first;
  const elsewhere = volumes.find((volume) => volume.host !== host);
  return [...first.slice(0, -1), ...(elsewhere === undefined ? [] : [elsewhere])];
}

/**
 * Which of the candidates go, one after the other, so that those that stay are spread.
 * @param live all that take part, the candidates among them
 * @param inOrder below 0 when `a` is to go before `b`, as far as hosts do not matter
 */
export function leavingFirst(
  candidates: readonly WorkerView[],
  live: readonly WorkerView[],
  count: number,
  inOrder: { readonly before: Compare; readonly afterHosts: Compare },
): readonly WorkerView[] {
  const leaving: WorkerView[] = [];
  const staying = new Set(live);
  while (leaving.length < Math.min(count, candidates.length)) {
    const rest = [...staying];
    const hosts = rest.map(({ container }) => container.host);
    const load = ({ container }: WorkerView): number => countOf(container.host, hosts);
    const isSpread = rest.length > 2 && onlyHostOf(rest) === null;
    const unspreads = (view: WorkerView): boolean =>
      isSpread && onlyHostOf(rest.filter((one) => one !== view)) !== null;
    const order: Compare = (a, b) =>
      Number(unspreads(a)) - Number(unspreads(b)) ||
      inOrder.before(a, b) ||
      load(b) - load(a) ||
      inOrder.afterHosts(a, b);
    const [next] = candidates.filter((one) => staying.has(one)).sort(order);
    if (next === undefined) break;
    leaving.push(next);
    staying.delete(next);
  }
  return leaving;
}

type Compare = (a: WorkerView, b: WorkerView) => number;
