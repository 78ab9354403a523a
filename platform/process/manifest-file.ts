// The operator's manifest file: the last good version, and what is wrong with the newest. File system events make it
// quick; looking twice a second makes it certain, also on mounts that tell of no changes.
import { type FSWatcher, watch } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf } from "../../core/errors.ts";
import { manifestLimits } from "../../core/manifest/parse.ts";
import {
  type FileContent,
  type ManifestState,
  Standing,
  type StandMs,
  standMs,
} from "../../core/manifest/standing.ts";
import type { Log } from "../telemetry/log.ts";

export type { ManifestState };

const pollMs = 500;

export class ManifestFile {
  readonly #path: string;
  readonly #log: Log;
  readonly #wakes = new Set<() => void>();
  readonly #standing: Standing;
  #state: ManifestState;
  #reading: Promise<void> | null = null;
  #again = false;
  #timers: NodeJS.Timeout[] = [];
  #watcher: FSWatcher | undefined;

  constructor(path: string, log: Log, stand: StandMs = standMs) {
    this.#path = path;
    this.#log = log;
    this.#standing = new Standing(stand);
    this.#state = this.#standing.state;
  }

  get state(): ManifestState {
    return this.#state;
  }

  /** Of the last good one. */
  get text(): string | null {
    return this.#standing.text;
  }

  /** Calls `wake` after each change of the state. */
  onChange(wake: () => void, scope: AbortSignal): void {
    this.#wakes.add(wake);
    scope.addEventListener("abort", () => this.#wakes.delete(wake), { once: true });
  }

  /** Looks at it for the first time, then watches it until the signal fires. */
  async watch(signal: AbortSignal): Promise<void> {
    await this.#look();
    if (signal.aborted) return;
    const poll = setInterval(() => void this.#look(), pollMs);
    poll.unref();
    this.#timers.push(poll);
    try {
      // The folder, because editors replace the file.
      this.#watcher = watch(dirname(this.#path), { persistent: false }, () => void this.#look());
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch {
      // No events from here: looking twice a second is enough.
    }
    signal.addEventListener("abort", () => this.#stop(), { once: true });
  }

  #stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#watcher?.close();
  }

  /** One look at a time; what happens during one is seen by the next. */
  #look(): Promise<void> {
    this.#again = true;
    this.#reading ??= this.#looks().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #looks(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      const againInMs = this.#standing.look(await readManifest(this.#path), performance.now());
      if (againInMs !== null && againInMs < pollMs) this.#timers[1] = this.#lookIn(againInMs);
      this.#tell();
    }
  }

  #lookIn(ms: number): NodeJS.Timeout {
    clearTimeout(this.#timers[1]);
    const timer = setTimeout(() => void this.#look(), ms + 1);
    timer.unref();
    return timer;
  }

  #tell(): void {
    const [before, now] = [this.#state, this.#standing.state];
    this.#state = now;
    const cycle = { file: this.#path };
    if (now.problem !== null && now.problem !== before.problem)
      this.#log.error(
        { cycle },
        `the manifest was not taken up, ${now.spec === null ? "and there is no earlier one" : "the last good one stays in force"}: ${now.problem}`,
      );
    if (now.waiting !== null && now.waiting !== before.waiting) this.#log.info({ cycle }, now.waiting);
    if (now.problem !== before.problem || now.spec !== before.spec || now.waiting !== before.waiting)
      for (const wake of this.#wakes) wake();
  }
}

/** Never more than a manifest may have: a huge file is refused, not loaded. */
export async function readManifest(path: string): Promise<FileContent> {
  try {
    const file = await open(path, "r");
    try {
      const { size, mtimeMs } = await file.stat();
      const buffer = Buffer.alloc(Math.min(size, manifestLimits.textLengthMax) + 1);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
      return { text: buffer.toString("utf8", 0, bytesRead), ageMs: Date.now() - mtimeMs };
    } finally {
      await file.close();
    }
  } catch (error) {
    return { unreadable: messageOf(error) };
  }
}
