// Waits until a cluster on three hosts is as desired: every host is there with a broker, a ZooKeeper server and an API that is ready,
// the log has all its replicas, and one master and the slaves that the manifest asks for serve.
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../../core/errors.ts";
import type { ClusterStatus } from "../../../core/state/status.ts";
import { call } from "../../cluster/http.ts";
import { found, notYet, until } from "../../cluster/until.ts";
import { attemptAt, isSuccess } from "../clients/attempt.ts";
import { apis } from "./apis.ts";
import { lackOf, lackOfLog } from "./serves.ts";
import { type HostNumber, hostNumbers } from "./testbed.ts";
import { called, type HostWorker, workers } from "./workers.ts";

/** Looking costs the machine that everything is measured on. */
const pauseMs = 400;

/**
 * @param onLack told what a host or the log lacks, each time that it is something else
 * @throws with what was seen last when it takes longer
 */
export function settled(
  workersDesired: number,
  withinMs: number,
  onLack: (lack: string) => void = () => undefined,
): Promise<readonly HostWorker[]> {
  let told: string | undefined;
  return until(`three hosts with one master and ${workersDesired - 1} slaves serve`, withinMs, async () => {
    const { all, seen, lack } = await look(workersDesired).catch(
      (error: unknown): Seen => ({
        lack: messageOf(error),
      }),
    );
    if (all !== undefined) return found(all);
    if (lack !== undefined && lack !== told) onLack(lack);
    told = lack ?? told;
    await sleep(pauseMs);
    return notYet({ seen, lack });
  });
}

/** All workers once they are as desired; before that what they are, and what is lacking beside them. */
interface Seen {
  readonly all?: readonly HostWorker[];
  readonly seen?: readonly string[];
  readonly lack?: string | undefined;
}

async function look(workersDesired: number): Promise<Seen> {
  const all = await workers();
  const inState = (state: string) => all.filter((one) => one.state === state).length;
  const seen = all.map((one) => `${called(one)} ${one.state}`);
  if (all.length !== workersDesired || inState("master") !== 1 || inState("slave") !== workersDesired - 1)
    return { seen };
  const incomplete = (await Promise.all(hostNumbers.map(lacks))).filter((lack) => lack !== null);
  if (incomplete.length > 0) return { seen, lack: incomplete.join("; ") };
  const lack = (await lackOfLog(hostNumbers[0])) ?? (await lackOfRedundancy());
  return lack === null ? { all } : { seen, lack };
}

/** As the service itself tells it: the loss of any host is survived from now on. */
async function lackOfRedundancy(): Promise<string | null> {
  const { body } = await call("GET", "/api/v1/status", { port: apis.portOf(hostNumbers[0]) });
  const redundant = (body as ClusterStatus).conditions.find(({ type }) => type === "Redundant");
  return redundant?.status === "True" ? null : `not redundant: ${redundant?.message ?? "nothing is told"}`;
}

/** What a host still lacks, in words; null when nothing. */
async function lacks(host: HostNumber): Promise<string | null> {
  for (const part of ["zookeeper", "rabbitmq", "orchestrator"] as const) {
    const lack = await lackOf[part](host);
    if (lack !== null) return lack;
  }
  const read = await attemptAt(apis.portOf(host), "/api/v1/db/read", { table: "registers", limit: 1 });
  return read.kind === "answered" && isSuccess(read.answer) ? null : `host ${host}: no read is answered`;
}
