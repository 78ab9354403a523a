// One stream for all pages with the same token, whichever of them came first. It ends with the last of them.
import type { FeedHandlers, Link } from "./messages.ts";
import { messagesOf, nothingYet, withMessage } from "./recent.ts";
import { type FromWorker, goneAfterMs, type ToWorker } from "./shared-messages.ts";

/** The worker's end of a page's connection: a `MessagePort`. */
export interface PagePort {
  postMessage(message: FromWorker): void;
}

type Authorization = Readonly<Record<string, string>>;

/** What of a `Feed` is needed here. */
export interface Stream {
  run(): Promise<void>;
  hurry(): void;
  stop(): void;
}

export type OpenStream = (handlers: FeedHandlers, authorization: Authorization) => Stream;

class Shared {
  readonly pages = new Set<PagePort>();
  readonly stream: Stream;
  #link: Link = "connecting";
  #recent = nothingYet;

  constructor(open: OpenStream, authorization: Authorization) {
    this.stream = open(
      {
        onLink: (link) => {
          this.#link = link;
          this.#tell({ kind: "link", link });
        },
        onMessage: (message) => {
          this.#recent = withMessage(this.#recent, message);
          this.#tell({ kind: "message", message });
        },
      },
      authorization,
    );
    void this.stream.run();
  }

  add(page: PagePort): void {
    this.pages.add(page);
    page.postMessage({ kind: "link", link: this.#link });
    for (const message of messagesOf(this.#recent)) page.postMessage({ kind: "message", message });
  }

  #tell(what: FromWorker): void {
    for (const page of this.pages) page.postMessage(what);
  }
}

export class Hub {
  readonly #open: OpenStream;
  readonly #nowMs: () => number;
  readonly #shared = new Map<string, Shared>();
  readonly #lastHeardMs = new Map<PagePort, number>();

  constructor(open: OpenStream, nowMs: () => number = () => performance.now()) {
    this.#open = open;
    this.#nowMs = nowMs;
  }

  /** How many streams are open. */
  get streams(): number {
    return this.#shared.size;
  }

  hear(page: PagePort, said: ToWorker): void {
    this.#lastHeardMs.set(page, this.#nowMs());
    if (said.kind === "leave") this.#forget(page);
    else if (said.kind === "hurry") this.#of(page)?.stream.hurry();
    else this.#listen(page, said.authorization);
    this.#forgetSilent();
  }

  #listen(page: PagePort, authorization: Authorization): void {
    const key = JSON.stringify(authorization);
    const wanted = this.#shared.get(key) ?? new Shared(this.#open, authorization);
    if (wanted.pages.has(page)) return;
    this.#leave(page);
    this.#shared.set(key, wanted);
    wanted.add(page);
  }

  #of(page: PagePort): Shared | undefined {
    return [...this.#shared.values()].find(({ pages }) => pages.has(page));
  }

  #leave(page: PagePort): void {
    for (const [key, { pages, stream }] of this.#shared) {
      if (!pages.delete(page) || pages.size > 0) continue;
      stream.stop();
      this.#shared.delete(key);
    }
  }

  #forget(page: PagePort): void {
    this.#lastHeardMs.delete(page);
    this.#leave(page);
  }

  /** A page that crashed takes no leave. */
  #forgetSilent(): void {
    const nowMs = this.#nowMs();
    for (const [page, heardMs] of this.#lastHeardMs) if (nowMs - heardMs > goneAfterMs) this.#forget(page);
  }
}
