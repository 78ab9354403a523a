// The way into mastership and out of it: elected -> marker into the log -> the log read up to it -> writeQ.
import { messageOf, TransientError } from "../../protocol/errors.ts";
import { queues } from "../../protocol/queues.ts";
import { encodeRecord } from "../../protocol/record.ts";
import { bounded } from "../deadline.ts";
import { follow } from "../replica/follow.ts";
import { Chores } from "./chores.ts";
import { FencedError, runMaster } from "./master.ts";
import type { RoleOptions } from "./run-roles.ts";

const markerWithinMs = 15_000;

/** Leads until the signal fires or the session has been silent too long. @throws always: a life has one mastership */
export async function lead(
  options: RoleOptions,
  epoch: number,
  signal: AbortSignal,
  onMaster: () => void,
): Promise<never> {
  const { ledger, log, spec, session, membership, time, name, onWrites } = options;
  const deposed = new AbortController();
  const scope = AbortSignal.any([signal, session.silent, deposed.signal]);
  watchPlace(options, scope, deposed);
  const startedAtMs = time.now();
  log.info({ epoch, position: ledger.applied.position }, "elected, draining the log");
  await drainLog(options, epoch, scope);
  await ledger.syncEveryCommit(true);
  onMaster();
  const tookMs = time.now() - startedAtMs;
  log.info({ epoch, position: ledger.applied.position, tookMs }, "master, taking writes");
  const chores = new Chores(ledger, spec, log, time.now());
  try {
    await runMaster(
      {
        ...options,
        worker: name,
        epoch,
        chores: (nowMs) => chores.due(nowMs),
        onAtWork: () => void membership.atWork(),
        onServed: onWrites,
      },
      scope,
    );
  } finally {
    await ledger.syncEveryCommit(false).catch(() => undefined);
  }
  // A master does not become a slave again in one life: the next one joins afresh, with nothing half done.
  throw new TransientError(`no longer master: ${messageOf(scope.reason)}`);
}

/**
 * A master whose znode somebody removed goes at once. Until it does, it may itself be the one whom the others expect to take
 * the place, by its pid, and then nobody would.
 */
function watchPlace(
  { session, paths, log }: RoleOptions,
  scope: AbortSignal,
  deposed: AbortController,
): void {
  const look = async () => {
    try {
      const stat = await session.stat(paths.master);
      if (stat?.mine !== true) deposed.abort(new TransientError("the master znode is not its own any more"));
    } catch (error) {
      // ZooKeeper is away: when it comes back every watch fires again.
      log.debug({ reason: messageOf(error) }, "could not look at the master znode");
    }
  };
  session.watch("node", paths.master, () => void look(), scope);
  void look();
}

/** Everything acknowledged stands before our marker: once we have read it, we hold it all. */
async function drainLog(options: RoleOptions, epoch: number, scope: AbortSignal): Promise<void> {
  const { rabbit, ledger, name, membership, time } = options;
  if (ledger.applied.epoch >= epoch) {
    await membership.raiseEpochs(ledger.applied.epoch);
    throw new FencedError(
      `epoch ${epoch} is not newer than the log's ${ledger.applied.epoch}: was ZooKeeper emptied?`,
    );
  }
  const marker = encodeRecord({
    kind: "marker",
    epoch,
    after: ledger.applied.position,
    master: name,
    atMs: time.now(),
  });
  await rabbit.publish(queues.sync, marker, { persistent: true });
  await bounded(time, markerWithinMs, [scope], async (deadline) => {
    await follow(options, deadline, () => ledger.applied.epoch >= epoch);
    if (ledger.applied.epoch < epoch)
      throw new TransientError(`own marker did not come back: ${messageOf(deadline.reason)}`);
  });
  if (ledger.applied.epoch > epoch)
    throw new FencedError(`epoch ${ledger.applied.epoch} has begun before ${epoch}`);
}
