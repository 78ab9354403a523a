// The operator's manifest file: the last good version, and what is wrong with the newest. File system events make it
// quick; looking every second makes it certain, also on mounts that tell of no changes.
import { type FSWatcher, watch } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf } from "../protocol/errors.ts";
import type { Log } from "../protocol/log.ts";
import { ManifestError, type ManifestSpec } from "../protocol/manifest.ts";
import { manifestLimits, parseManifest } from "../protocol/manifest-parse.ts";

export interface ManifestState {
  /** The last good one; null when there was none since the start. */
  readonly spec: ManifestSpec | null;
  /** With line and column; null when the file as it is now is in force. */
  readonly problem: string | null;
}

const pollMs = 1_000;
/** Editors empty a file before they write it: a bad text must still be there a moment later to count. */
const settleMs = 150;

export class ManifestFile {
  readonly #path: string;
  readonly #log: Log;
  readonly #onChange: () => void;
  #state: ManifestState = { spec: null, problem: null };
  #text: string | null = null;
  #reading = Promise.resolve();
  #poll: NodeJS.Timeout | undefined;
  #watcher: FSWatcher | undefined;

  constructor(path: string, log: Log, onChange: () => void) {
    this.#path = path;
    this.#log = log;
    this.#onChange = onChange;
  }

  get state(): ManifestState {
    return this.#state;
  }

  /** Reads it for the first time, then follows it until the signal fires. */
  async follow(signal: AbortSignal): Promise<void> {
    await this.#read();
    if (signal.aborted) return;
    this.#poll = setInterval(() => this.#look(), pollMs);
    this.#poll.unref();
    try {
      // The folder, because editors replace the file.
      this.#watcher = watch(dirname(this.#path), { persistent: false }, () => this.#look());
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch {
      // No events from here: looking every second is enough.
    }
    signal.addEventListener("abort", () => this.#stop(), { once: true });
  }

  #stop(): void {
    clearInterval(this.#poll);
    this.#watcher?.close();
  }

  #look(): void {
    this.#reading = this.#reading.then(() => this.#read()).catch(() => undefined);
  }

  async #read(): Promise<void> {
    const text = await this.#content();
    if (text === this.#text) return;
    const next = this.#judge(text);
    if (next.problem !== null && this.#text !== null) {
      await new Promise((resolve) => setTimeout(resolve, settleMs));
      if ((await this.#content()) !== text) return this.#read();
    }
    this.#text = text;
    const news = next.problem !== this.#state.problem || next.spec !== this.#state.spec;
    this.#state = next;
    if (next.problem !== null)
      this.#log.error(
        { cycle: { file: this.#path } },
        `the manifest was not taken up, ${this.#state.spec === null ? "and there is no earlier one" : "the last good one stays in force"}: ${next.problem}`,
      );
    if (news) this.#onChange();
  }

  #judge(text: string): ManifestState {
    try {
      if (text.startsWith(unreadable)) throw new Error(text.slice(unreadable.length));
      return { spec: parseManifest(text).spec, problem: null };
    } catch (error) {
      const problem =
        error instanceof ManifestError ? error.message : `read the manifest: ${messageOf(error)}`;
      return { spec: this.#state.spec, problem };
    }
  }

  /** Never more than a manifest may have: a huge file is refused, not loaded. */
  async #content(): Promise<string> {
    try {
      const file = await open(this.#path, "r");
      try {
        const { size } = await file.stat();
        const buffer = Buffer.alloc(Math.min(size, manifestLimits.textLengthMax) + 1);
        const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
        return buffer.toString("utf8", 0, bytesRead);
      } finally {
        await file.close();
      }
    } catch (error) {
      return `${unreadable}${messageOf(error)}`;
    }
  }
}

/** Marks a text that is no text; YAML cannot begin with it. */
const unreadable = "\0";
