// Waits until the cluster is as desired: one master, the slaves that the manifest asks for, and everybody agrees on it.

import { call } from "../cluster/http.ts";
import { found, type Look, notYet, until } from "../cluster/until.ts";
import { labelledContainers, mastersOf, slavesOf, type Worker, workers } from "../cluster/workers.ts";
import { attempt, isSuccess } from "./clients/attempt.ts";

/** @throws with what was seen last when it takes longer */
export async function settled(workersDesired: number, withinMs: number): Promise<readonly Worker[]> {
  const all = await until(`one master and ${workersDesired - 1} slaves serve`, withinMs, () =>
    look(workersDesired),
  );
  await until("a read is answered", withinMs, async () => {
    const made = await attempt("/api/v1/db/read", { table: "registers", limit: 1 });
    return made.kind === "answered" && isSuccess(made.answer) ? found(true) : notYet(made);
  });
  return all;
}

async function look(workersDesired: number): Promise<Look<readonly Worker[]>> {
  const all = await workers();
  const seen = {
    workers: all.map(({ name, pid, state }) => `${name} (${pid}) ${state}`),
    containers: (await labelledContainers()).length,
  };
  const complete =
    all.length === workersDesired &&
    mastersOf(all).length === 1 &&
    slavesOf(all).length === workersDesired - 1 &&
    seen.containers === workersDesired;
  if (!complete) return notYet(seen);
  const [ready, listed] = await Promise.all([
    call("GET", "/readyz", { timeoutMs: 5_000 }),
    call("GET", "/api/v1/worker/list", { timeoutMs: 5_000 }),
  ]);
  const pids = JSON.stringify(all.map(({ pid }) => pid));
  return ready.status === 200 && listed.text === pids
    ? found(all)
    : notYet({ ...seen, ready: ready.text, listed: listed.text });
}
