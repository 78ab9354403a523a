// The cluster as a test file uses it: there, with one master and one slave, empty, and left like that for the next one.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { dbaasWith, docker, lines } from "../../tools/cluster/command.ts";
import { call } from "../../tools/cluster/http.ts";
import { applyManifest, baselineManifest, saveManifest } from "../../tools/cluster/manifest.ts";
import { closeRegistry, seenStatus } from "../../tools/cluster/registry.ts";
import { cluster } from "../../tools/cluster/settings.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import { masterOf, mastersOf, slavesOf, type Worker, workers } from "../../tools/cluster/workers.ts";
import { clear, workerList } from "./database.ts";

const settleMs = 60_000;

const isReady = (): Promise<boolean> =>
  call("GET", "/readyz", { timeoutMs: 5_000 }).then(
    ({ status }) => status === 200,
    () => false,
  );

/** @returns what `./dbaas up` printed, given these variables; empty when it was up already */
export async function ensureUp(variables: Readonly<Record<string, string>> = {}): Promise<string> {
  if (await isReady()) return "";
  await saveManifest(await baselineManifest());
  return dbaasWith(variables, "up");
}

/** Waits until one master and that many slaves serve, and ZooKeeper, the API and the controller's status agree on it. */
export const settled = (slaves = 1, withinMs = settleMs): Promise<readonly Worker[]> =>
  until(`one master and ${slaves} slaves serve`, withinMs, async () => {
    const all = await workers();
    const seen = { workers: all.map(({ name, pid, state }) => ({ name, pid, state })) };
    const complete =
      all.length === slaves + 1 && mastersOf(all).length === 1 && slavesOf(all).length === slaves;
    if (!complete) return notYet(seen);
    const listed = await workerList();
    const sameList = listed.length === all.length && all.every(({ pid }, i) => pid === listed[i]);
    const status = await seenStatus();
    // A worker may serve and still be one that is about to be replaced.
    const scaling = status?.conditions.find(({ type }) => type === "Scaling")?.reason;
    const told = { readySlaves: status?.readySlaves, master: status?.master, scaling };
    const sameStatus =
      told.readySlaves === slaves && told.master === masterOf(all).name && scaling !== "Replacing";
    return sameList && sameStatus && (await isReady()) ? found(all) : notYet({ ...seen, listed, told });
  });

export interface Preparation {
  /** Before the cluster is looked for. */
  readonly beforeUp?: () => Promise<unknown>;
  /** Once it is there, settled and empty. */
  readonly ready?: () => Promise<unknown>;
  /** Afterwards, before it is left as it was found. */
  readonly afterwards?: () => Promise<unknown>;
  /** Only for the file that takes the cluster down. */
  readonly leaveAsItIs?: boolean;
}

/** To be called once at the top of a test file, whose only hooks these are: hooks of one file run at the same time. */
export function useCluster({ beforeUp, ready, afterwards, leaveAsItIs = false }: Preparation = {}): void {
  let prepared = false;
  before(async () => {
    await beforeUp?.();
    await ensureUp();
    await backToBaseline();
    await clear();
    await ready?.();
    prepared = true;
  });
  after(async () => {
    try {
      await afterwards?.();
      if (prepared && !leaveAsItIs) await backToBaseline();
    } finally {
      await closeRegistry();
    }
  });
}

/** Ends whatever a failed test may have left: paused containers, extra slaves, an edited manifest. */
async function backToBaseline(): Promise<void> {
  for (const id of lines(
    await docker("ps", "--quiet", "--filter", `name=^${cluster}-`, "--filter", "status=paused"),
  ))
    await docker("unpause", id);
  await applyManifest(await baselineManifest());
  await settled();
}

/** Asserts that the same processes run as before: nothing was started, killed or replaced. */
export function assertSameWorkers(now: readonly Worker[], before: readonly Worker[]): void {
  const identity = (all: readonly Worker[]) => all.map(({ name, id, pid }) => ({ name, id, pid }));
  assert.deepEqual(identity(now), identity(before));
}
