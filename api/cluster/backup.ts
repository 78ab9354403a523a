// A backup is the copy that a worker sends to one that joins: a slave's, and the master's only where no slave is there. What has
// arrived and was not taken is a few chunks at most; the donor waits for the one who takes them.
import { messageOf, Refusal, TransientError } from "../../core/errors.ts";
import { headRequest, marks, type SnapshotHead } from "../../core/messages/snapshot.ts";
import { fromJson, type Paths, type WorkerNode } from "../../core/state/znodes.ts";
import type { Clock } from "../../platform/process/clock.ts";
import type { BrokerConnection } from "../../platform/rabbitmq/port.ts";
import { SnapshotReader } from "../../platform/rabbitmq/snapshot-reader.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { CurrentZnodes, Znodes } from "./znodes.ts";

export interface Donor {
  readonly name: string;
  readonly guid: string;
}

/** The slaves, the furthest first; then the master. */
export async function donorsOf(znodes: Znodes, paths: Paths): Promise<readonly Donor[]> {
  const names = await znodes.children(paths.workers);
  const nodes = await Promise.all(names.map((name) => znodes.get(paths.worker(name))));
  const workers = nodes
    .map((node) => (node === null ? null : fromJson<WorkerNode>(node.data)))
    .filter((worker): worker is WorkerNode => worker !== null);
  const slaves = workers
    .filter(({ state }) => state === "slave")
    .sort((a, b) => b.epoch - a.epoch || b.position - a.position);
  return [...slaves, ...workers.filter(({ state }) => state === "master")];
}

export interface DonorPorts {
  readonly znodes: Pick<CurrentZnodes, "get">;
  readonly paths: Paths;
  readonly broker: { readonly connection: BrokerConnection | undefined };
  readonly clock: Clock;
  readonly log: Log;
}

/** On its way here. */
export interface Backup {
  readonly head: SnapshotHead;
  /** The last comes only when all of them are known to be what was sent. @throws TransientError when they are not */
  readonly chunks: AsyncGenerator<Buffer, void>;
  readonly close: () => Promise<void>;
}

/** From the first worker that gives one. @throws why the last one gave none */
export async function openBackup(
  { znodes, paths, broker, clock, log }: DonorPorts,
  signal: AbortSignal,
): Promise<{ readonly backup: Backup; readonly donor: Donor }> {
  const rabbit = broker.connection;
  if (rabbit === undefined)
    throw new Refusal("unavailable", "the message broker cannot be reached at the moment");
  let failure: unknown = new Refusal("unavailable", "no worker is there that could give a backup");
  for (const donor of await donorsOf(znodes.get(), paths)) {
    try {
      return { backup: await backupFrom(donor, rabbit, clock, signal), donor };
    } catch (error) {
      if (signal.aborted) throw error;
      failure = error;
      log.warn({ donor: donor.name, reason: messageOf(error) }, "a worker gave no backup");
    }
  }
  throw failure;
}

/** One backup is made at a time: it costs the slave that gives it a second copy on its disk. */
export class BackupTurn {
  #isTaken = false;

  /** @returns what ends it; undefined while another one is being made */
  take(): (() => void) | undefined {
    if (this.#isTaken) return undefined;
    this.#isTaken = true;
    return () => {
      this.#isTaken = false;
    };
  }
}

/** @throws TransientError when this worker gives none */
export async function backupFrom(
  { guid }: Donor,
  rabbit: BrokerConnection,
  clock: Clock,
  signal: AbortSignal,
): Promise<Backup> {
  const reader = await SnapshotReader.open({ rabbit, clock, signal: givenUpWith(signal, rabbit.ended) });
  try {
    await reader.ask(guid, headRequest());
    const { mark, body } = await reader.next();
    if (mark !== marks.head)
      throw new Refusal(
        "unavailable",
        "the workers of an earlier version, which give no backup, are being replaced",
      );
    const head = JSON.parse(body.toString("utf8")) as SnapshotHead;
    return { head, chunks: reader.chunks(head.bytes), close: () => reader.close() };
  } catch (error) {
    await reader.close();
    throw error;
  }
}

function givenUpWith(...signals: readonly AbortSignal[]): AbortSignal {
  const any = AbortSignal.any([...signals]);
  const givenUp = new AbortController();
  const end = () => givenUp.abort(new TransientError("the backup was given up", { cause: any.reason }));
  if (any.aborted) end();
  else any.addEventListener("abort", end, { once: true });
  return givenUp.signal;
}
