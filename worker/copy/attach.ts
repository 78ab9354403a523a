// Makes this worker's copy join the log: from its own file when the log still reaches back to it, else with a snapshot from a
// live worker. Where neither helps it waits, and says for what, until another copy has gone on or it may go on itself.
import { messageOf, TransientError } from "../../core/errors.ts";
import { holdsAll, placeInWords } from "../../core/log/place.ts";
import { queues } from "../../core/messages/queues.ts";
import type { Joint, Verdict } from "../../core/rules/trust.ts";
import type { Place } from "../../core/state/znodes.ts";
import { type Clock, every } from "../../platform/process/clock.ts";
import type { BrokerConnection } from "../../platform/rabbitmq/port.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { Disk } from "../disk.ts";
import type { Standing } from "../lead/standing.ts";
import { DamagedFileError } from "../sqlite-errors.ts";
import { inspectFile } from "./files.ts";
import { againWithinMs, GapError, LogLostError, LogReader, type LogSource } from "./log-reader.ts";
import { fetchSnapshot } from "./snapshot.ts";
import { Store } from "./store.ts";

export interface Donor {
  readonly name: string;
  readonly guid: string;
}

export interface AttachOptions {
  readonly directory: string;
  readonly disk: Disk;
  readonly rabbit: BrokerConnection;
  readonly clock: Clock;
  readonly log: Log;
  /** Makes the id of a copy that begins. */
  readonly newCopyId: () => string;
  readonly standing: Pick<Standing, "look" | "pause">;
  /** The other live workers. */
  readonly peers: () => Promise<readonly Donor[]>;
  /** Called as soon as a file is open; what it holds is written down before this returns. */
  readonly onOpen: (store: Store) => Promise<void>;
  readonly onSnapshot?: () => void;
  /** Something that takes long goes on. */
  readonly onProgress: () => void;
  /** Why the copy could not read the log in the session before: then only another worker's copy helps. */
  readonly gap: GapError | undefined;
  readonly signal: AbortSignal;
}

export interface Attached {
  readonly store: Store;
  readonly reader: LogReader;
  /** Set when the log does not hold this copy and goes on from it: where it stood. */
  readonly adoptsFrom: Place | undefined;
}

/** An empty copy replays a log up to this long; beyond it a snapshot is quicker. */
const replayRecordsMax = 2_000;
const progressEveryMs = 2_000;

/** The copy that a donor sent is not used. */
class PoorerSnapshotError extends Error {
  override readonly name = "PoorerSnapshotError";
}

const isDonorsTrouble = (error: unknown): boolean =>
  error instanceof TransientError ||
  error instanceof DamagedFileError ||
  error instanceof PoorerSnapshotError;

/** Resolves once the copy reads the log. @throws the signal's reason, or what keeps the file from being used */
export async function attach(options: AttachOptions): Promise<Attached> {
  const store = await openOrDiscard(options);
  const joining = new Joining(options, store);
  try {
    await options.onOpen(store);
    return await joining.run();
  } catch (error) {
    await joining.close();
    throw error;
  }
}

async function openOrDiscard({ directory, clock, disk, log, newCopyId }: AttachOptions): Promise<Store> {
  const options = { clock, disk, newCopyId };
  try {
    return await Store.open(directory, options);
  } catch (error) {
    if (!(error instanceof DamagedFileError)) throw error;
    log.error({ reason: messageOf(error) }, "own copy is damaged, put aside");
    await Store.discard(directory, disk);
    return Store.open(directory, options);
  }
}

class Joining {
  readonly #options: AttachOptions;
  #store: Store;
  /** Why it does not join the log; undefined while that was not tried. */
  #why: unknown;
  /** A log that was slow to begin is tried once more before a whole copy is fetched. */
  #mayTryAgain: boolean;

  constructor(options: AttachOptions, store: Store) {
    this.#options = options;
    this.#store = store;
    this.#why = options.gap;
    this.#mayTryAgain = options.gap === undefined;
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  async run(): Promise<Attached> {
    const { standing, signal } = this.#options;
    if (this.#why === undefined && (await this.#worthSnapshot())) {
      // Nothing of its own to lose, and another worker's copy is quicker than the log.
      const verdict = await this.#look("empty");
      if (verdict.kind === "copy") await this.#takeSnapshot(verdict.donors);
    }
    for (;;) {
      signal.throwIfAborted();
      const attached = await this.#step();
      if (attached !== null) return attached;
      await standing.pause(signal);
    }
  }

  async #step(): Promise<Attached | null> {
    if (this.#why === undefined) {
      const reader = await this.#join(this.#mayTryAgain ? undefined : againWithinMs);
      if (reader !== null) return { store: this.#store, reader, adoptsFrom: undefined };
      if (this.#why === undefined) return null;
    }
    const verdict = await this.#look("apart");
    if (verdict.kind === "adopt") return this.#adopt();
    if (verdict.kind !== "copy") return null;
    if (this.#mayTryAgain && this.#why instanceof LogLostError) {
      this.#mayTryAgain = false;
      this.#why = undefined;
      return this.#step();
    }
    return (await this.#takeSnapshot(verdict.donors)) ? this.#step() : null;
  }

  #look(joint: Joint): Promise<Verdict> {
    const store = this.#store;
    const { copyId, applied: place } = store;
    const { offset } = place;
    return this.#options.standing.look({ copyId, place, offset, joint, sync: () => store.sync() });
  }

  async #worthSnapshot(): Promise<boolean> {
    if (this.#store.applied.offset >= 0) return false;
    const { messages } = await this.#options.rabbit.depth(queues.sync);
    return messages > replayRecordsMax;
  }

  /** @returns null when the copy does not join the log, or a snapshot must come first */
  async #join(recordWithinMs?: number): Promise<LogReader | null> {
    const { log, signal } = this.#options;
    let reader: LogReader;
    try {
      reader = await LogReader.open(this.#source, this.#store.applied, signal, recordWithinMs);
    } catch (error) {
      if (!(error instanceof GapError || error instanceof LogLostError)) throw error;
      log.warn({ reason: messageOf(error) }, "own copy does not join the log");
      this.#why = error;
      return null;
    }
    if (reader.hasRead) return reader;
    // An empty copy at a log that shows nothing: it can only be read on if nothing is missing.
    const verdict = await this.#look("empty").catch(async (error) => {
      await reader.close();
      throw error;
    });
    if (verdict.kind !== "copy") return reader;
    await reader.close();
    return (await this.#takeSnapshot(verdict.donors)) ? this.#join() : null;
  }

  get #source(): LogSource {
    const { rabbit, clock, log } = this.#options;
    return { rabbit, log, time: clock };
  }

  async #adopt(): Promise<Attached> {
    const { log } = this.#options;
    const { epoch, position } = this.#store.applied;
    log.error(
      { reason: messageOf(this.#why), place: placeInWords({ epoch, position }) },
      "the log does not hold what this copy does; it goes on from this copy",
    );
    const reader = await LogReader.openAtEnd(this.#source);
    return { store: this.#store, reader, adoptsFrom: { epoch, position } };
  }

  /** Tries one donor after the other. @returns whether there is another file now, not tried with the log yet */
  async #takeSnapshot(donors: readonly string[]): Promise<boolean> {
    const { clock, log, peers, signal } = this.#options;
    const live = await peers();
    for (const name of donors) {
      const donor = live.find((peer) => peer.name === name);
      if (donor === undefined) continue;
      const startedAtMs = clock.monotonicMs();
      const file = await this.#fetch(donor).catch((error) => {
        if (!isDonorsTrouble(error)) throw error;
        log.warn({ donor: name, reason: messageOf(error) }, "could not get a snapshot");
        return null;
      });
      signal.throwIfAborted();
      if (file === null) continue;
      await this.#use(file);
      const tookMs = Math.round(clock.monotonicMs() - startedAtMs);
      log.info({ donor: name, place: placeInWords(this.#store.applied), tookMs }, "took a snapshot");
      return true;
    }
    return false;
  }

  /** @returns a whole file that holds at least as much as this copy */
  async #fetch({ guid }: Donor): Promise<string> {
    const { directory, disk, rabbit, clock, onProgress, signal } = this.#options;
    const file = await fetchSnapshot(guid, directory, { rabbit, clock, disk, onProgress, signal });
    // Reading gigabytes through takes a while, and ends.
    const stopTelling = every(clock, progressEveryMs, onProgress);
    const arrived = await inspectFile(file, disk).finally(stopTelling);
    if (!holdsAll(arrived, this.#store.applied))
      throw new PoorerSnapshotError(
        `the snapshot holds less (${placeInWords(arrived)}) than this copy (${placeInWords(this.#store.applied)})`,
      );
    return file;
  }

  async #use(file: string): Promise<void> {
    const { directory, disk, clock, newCopyId, onOpen, onSnapshot } = this.#options;
    await this.#store.close();
    await Store.install(directory, file, disk);
    this.#store = await Store.open(directory, { verified: true, clock, disk, newCopyId });
    await onOpen(this.#store);
    onSnapshot?.();
    this.#why = undefined;
    this.#mayTryAgain = false;
  }
}
