// The way into mastership and out of it: elected -> at least what is known to be acknowledged -> marker into the log -> the log
// read up to it -> what it holds, and who does as well, into the znode `log` -> writeQ.
import { messageOf, TransientError } from "../../core/errors.ts";
import { holdsAll, placeInWords, samePlace } from "../../core/log/place.ts";
import { encodeRecord } from "../../core/log/record.ts";
import { queues } from "../../core/messages/queues.ts";
import { gateOf } from "../../core/rules/trust.ts";
import type { LogNode, Place } from "../../core/state/znodes.ts";
import { bounded, unlessAborted } from "../../platform/process/waiting.ts";
import { follow } from "../copy/follow.ts";
import { GapError } from "../copy/log-reader.ts";
import type { Elected } from "../ports.ts";
import { Chores, logClock } from "../write/chores.ts";
import { FencedError } from "../write/log-writer.ts";
import { runMaster } from "../write/master.ts";
import type { RoleOptions } from "./role-options.ts";
import type { Witnesses } from "./witnesses.ts";

const markerWithinMs = 15_000;
/** What is known to be acknowledged stands in the log, or it does not: it has been sent by then. */
const knownWithinMs = 10_000;
/** How far this master is, for the case that the log loses its end and only this copy is left. */
const tellEveryMs = 500;
/** However often there is a reason to: without a connection each attempt fails at once. */
const tellAgainMs = 100;
const lastWordWithinMs = 1_000;

/** Leads until the signal fires or the session has been silent too long. @throws always: a session has one mastership */
export async function lead(
  options: RoleOptions,
  { epoch, known }: Elected,
  signal: AbortSignal,
  onMaster: () => void,
): Promise<never> {
  const { ledger, log, spec, session, membership, time, name, onWrites, onTables } = options;
  const deposed = new AbortController();
  const scope = AbortSignal.any([signal, session.silent, deposed.signal]);
  watchPlace(options, scope, deposed);
  const startedAtMs = time.now();
  log.info({ epoch, position: ledger.applied.position }, "elected, draining the log");
  // Before the marker: who applies that says so at once.
  const witnesses = await options.gather(epoch);
  await reachKnown(options, known, scope);
  await drainLog(options, epoch, scope);
  // What this copy is said to hold must outlast a power cut.
  await ledger.syncEveryCommit(true);
  await witnesses.first(scope);
  await note(options, witnesses);
  onMaster();
  const tookMs = time.now() - startedAtMs;
  log.info({ epoch, position: ledger.applied.position, tookMs }, "master, taking writes");
  const logTime = logClock(await ledger.newestKeyMs(), time);
  const chores = new Chores(ledger, spec, log, logTime(), (report) => onTables?.({ epoch, ...report }));
  const telling = keepNote(options, witnesses, scope);
  try {
    await runMaster(
      {
        ...options,
        worker: name,
        epoch,
        witnesses,
        queryMs: () => spec().requests.queryMs,
        logTime,
        chores: (logMs) => chores.due(logMs),
        choresBefore: (writes) => chores.before(writes),
        onAtWork: () => void membership.atWork(),
        onServed: onWrites,
      },
      scope,
    );
  } finally {
    witnesses.close();
    deposed.abort("left");
    await leave(options, witnesses, telling);
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

/**
 * A worker that holds less than what is known to be acknowledged writes no marker: it would draw every copy after it.
 * @throws GapError when the log does not bring it there
 */
async function reachKnown(options: RoleOptions, known: LogNode | null, scope: AbortSignal): Promise<void> {
  const { ledger, adoptsFrom } = options;
  const adopts = adoptsFrom !== undefined && samePlace(ledger.applied, adoptsFrom);
  const memory = await unlessAborted(options.memory.asked(), scope);
  const gate = gateOf(ledger.applied, known, { memory, adopts });
  if (gate.kind === "refuse") throw new TransientError(`must not lead: ${gate.why}`);
  if (gate.kind === "pass") return;
  if (await followUntil(options, scope, knownWithinMs, () => holdsAll(ledger.applied, gate.until))) return;
  throw new GapError(
    `the log ends at ${placeInWords(ledger.applied)}, but ${placeInWords(gate.until)} was acknowledged`,
  );
}

/**
 * Reads the log until `enough`, as long as the copy gets on: how long the log is limits nothing.
 * @returns false when it did not get on for `withinMs` @throws the scope's reason
 */
async function followUntil(
  options: RoleOptions,
  scope: AbortSignal,
  withinMs: number,
  enough: () => boolean,
): Promise<boolean> {
  const { ledger, time } = options;
  for (;;) {
    const before = ledger.applied;
    await bounded(time, withinMs, [scope], (deadline) => follow(options, deadline, enough));
    if (enough()) return true;
    scope.throwIfAborted();
    if (samePlace(before, ledger.applied)) return false;
  }
}

async function note(
  { membership, ledger }: RoleOptions,
  witnesses: Witnesses,
  isFinal = false,
): Promise<Place> {
  const noted = witnesses.toNote();
  await membership.hasLed(noted.place, ledger.copyId, noted.witnesses, isFinal);
  witnesses.isNoted(noted);
  return noted.place;
}

/** Keeps in ZooKeeper how far this master's copy is, and who has that as well. */
async function keepNote(options: RoleOptions, witnesses: Witnesses, scope: AbortSignal): Promise<void> {
  const { membership, time, log } = options;
  let told: Place | undefined;
  const tell = async () => {
    const isTold = told !== undefined && samePlace(witnesses.answerable, told);
    if (isTold && !witnesses.isOutdated && !membership.isNoteOutdated) return;
    told = await note(options, witnesses);
  };
  while (!scope.aborted) {
    await witnesses.changed(tellEveryMs, scope);
    if (scope.aborted) break;
    await tell().catch(async (error) => {
      log.debug({ reason: messageOf(error) }, "could not tell the place");
      await time.sleep(tellAgainMs, scope);
    });
  }
}

/**
 * Nothing is answered any more: no write is worked on, and what waits for a witness is left to the next master. So it is known for
 * certain how far what was answered may be.
 */
async function leave(options: RoleOptions, witnesses: Witnesses, telling: Promise<void>): Promise<void> {
  const { ledger, time } = options;
  await ledger.syncEveryCommit(false).catch(() => undefined);
  await telling;
  const late = time.sleep(lastWordWithinMs);
  await Promise.race([note(options, witnesses, true).catch(() => undefined), late]);
}

/** Everything acknowledged stands before our marker: once we have read it, we hold it all. */
async function drainLog(options: RoleOptions, epoch: number, scope: AbortSignal): Promise<void> {
  const { rabbit, ledger, name, membership, memory, writer, time, adoptsFrom } = options;
  if (ledger.applied.epoch >= epoch) {
    await membership.raiseEpochs(ledger.applied.epoch);
    throw new FencedError(
      `epoch ${epoch} is not newer than the log's ${ledger.applied.epoch}: was ZooKeeper emptied?`,
    );
  }
  const adopts = adoptsFrom !== undefined && samePlace(ledger.applied, adoptsFrom);
  const marker = encodeRecord({
    kind: "marker",
    epoch,
    after: ledger.applied.position,
    ...(adopts ? { adopts: ledger.applied.epoch } : {}),
    master: name,
    atMs: time.now(),
  });
  await rabbit.publish(queues.sync, marker, { persistent: true });
  if (!(await followUntil(options, scope, markerWithinMs, () => ledger.applied.epoch >= epoch)))
    throw new TransientError(`own marker did not come back within ${markerWithinMs} ms`);
  if (ledger.applied.epoch > epoch)
    throw new FencedError(`epoch ${ledger.applied.epoch} has begun before ${epoch}`);
  memory.leads({ noted: () => membership.notedMemory, end: () => writer.end() });
}
