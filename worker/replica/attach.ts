// Makes this worker's copy join the log: from its own file when the log still reaches back to it, else with a snapshot from
// a live worker. Afterwards the log alone brings it up to date, and the worker may be elected.
import { messageOf, TransientError } from "../../protocol/errors.ts";
import type { Log } from "../../protocol/log.ts";
import { queues } from "../../protocol/queues.ts";
import type { Rabbit } from "../../protocol/rabbit.ts";
import { sleep } from "../../protocol/waiting.ts";
import { systemTime } from "../ports.ts";
import { DamagedFileError } from "../sqlite.ts";
import { GapError, LogLostError, LogReader, type LogSource } from "./log-reader.ts";
import { fetchSnapshot } from "./snapshot.ts";
import { Store } from "./store.ts";

export interface PeerCopy {
  readonly name: string;
  readonly guid: string;
  readonly eligible: boolean;
  readonly position: number;
}

export interface AttachOptions {
  readonly directory: string;
  readonly rabbit: Rabbit;
  readonly name: string;
  readonly log: Log;
  /** The other live workers, as they say of themselves now. */
  readonly peers: () => Promise<readonly PeerCopy[]>;
  /** Told as soon as the file is open: others see how far this copy is. */
  readonly onOpen: (store: Store) => void;
  readonly onSnapshot?: () => void;
  /** Why the copy could not follow the log in the life before: then only another worker's copy helps. */
  readonly gap: GapError | undefined;
  readonly signal: AbortSignal;
}

export interface Attached {
  readonly store: Store;
  readonly reader: LogReader;
}

/** An empty copy replays a log up to this long; beyond it a snapshot is quicker. */
const replayRecordsMax = 2_000;
/** When the log was lost, the copies that are left get this long to show themselves before the best of them goes on. */
const showWithinMs = 5_000;

/** @throws TransientError when the copy does not join the log and nobody can give a snapshot yet */
export async function attach(options: AttachOptions): Promise<Attached> {
  const { log, onOpen, signal } = options;
  const store = await openOrDiscard(options.directory, log);
  onOpen(store);
  let why: unknown = options.gap;
  try {
    if (why === undefined && !(await worthSnapshot(options, store)))
      return { store, reader: await LogReader.open(sourceOf(options), store.applied, signal) };
  } catch (error) {
    if (!(error instanceof GapError || error instanceof LogLostError)) throw await closed(store, error);
    log.warn({ reason: messageOf(error) }, "own copy does not join the log");
    why = error;
  }
  const fetched = await fromDonor(options, store).catch(async (error) => {
    throw await closed(store, error);
  });
  if (fetched !== null) return fetched;
  if (why === undefined)
    return { store, reader: await LogReader.open(sourceOf(options), store.applied, signal) };
  if (why instanceof LogLostError && (await isBestLeft(options, store))) return adoptLog(options, store, why);
  throw await closed(store, new TransientError("no live worker can give a snapshot", { cause: why }));
}

const sourceOf = ({ rabbit, log }: AttachOptions): LogSource => ({ rabbit, log, time: systemTime });

async function closed(store: Store, error: unknown): Promise<unknown> {
  await store.close();
  return error;
}

async function openOrDiscard(directory: string, log: Log): Promise<Store> {
  try {
    return await Store.open(directory);
  } catch (error) {
    if (!(error instanceof DamagedFileError)) throw error;
    log.error({ reason: messageOf(error) }, "own copy is damaged, put aside");
    await Store.discard(directory);
    return Store.open(directory);
  }
}

async function worthSnapshot({ rabbit, peers }: AttachOptions, store: Store): Promise<boolean> {
  if (store.applied.offset >= 0) return false;
  const { messages } = await rabbit.depth(queues.sync);
  return messages > replayRecordsMax && (await peers()).some((peer) => peer.eligible);
}

/** @returns null when no live worker could give one; the store is untouched then */
async function fromDonor(options: AttachOptions, store: Store): Promise<Attached | null> {
  const { directory, rabbit, peers, log, onOpen, signal } = options;
  const donors = (await peers()).filter((peer) => peer.eligible);
  for (const donor of donors.sort((a, b) => b.position - a.position)) {
    const startedAtMs = Date.now();
    let file: string;
    try {
      file = await fetchSnapshot(rabbit, donor.guid, directory);
    } catch (error) {
      log.warn({ donor: donor.name, reason: messageOf(error) }, "could not get a snapshot");
      continue;
    }
    await store.close();
    await Store.install(directory, file);
    const installed = await Store.open(directory);
    onOpen(installed);
    options.onSnapshot?.();
    const tookMs = Date.now() - startedAtMs;
    log.info({ donor: donor.name, position: installed.applied.position, tookMs }, "took a snapshot");
    return { store: installed, reader: await LogReader.open(sourceOf(options), installed.applied, signal) };
  }
  return null;
}

/** Nobody joins the log, because it lost what all copies have. Then the copy that has most is the data. */
async function isBestLeft({ peers, name, signal }: AttachOptions, store: Store): Promise<boolean> {
  await sleep(showWithinMs, signal);
  signal.throwIfAborted();
  const others = await peers();
  const { position } = store.applied;
  return others.every(
    (peer) =>
      !peer.eligible && (peer.position < position || (peer.position === position && name < peer.name)),
  );
}

async function adoptLog(options: AttachOptions, store: Store, why: LogLostError): Promise<Attached> {
  const { log, signal } = options;
  log.error(
    { reason: why.message, position: store.applied.position },
    "the log was lost; going on from this copy",
  );
  store.forgetOffset();
  return { store, reader: await LogReader.open(sourceOf(options), store.applied, signal) };
}
