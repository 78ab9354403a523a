// A slave's word to the master on another host: what its copy holds on its disk. The master answers no write before it has such a
// word, so it is given as soon as the disk has more, for all that has come by then at once.

import { nowhere, samePlace } from "../../core/log/place.ts";
import { type Confirmation, witnessQueueOf } from "../../core/messages/queues.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { Wakeable } from "../../platform/process/waiting.ts";
import type { Broker, Ledger } from "../ports.ts";

/** Said again so often: the first word may have come before the master listened. */
const sayEveryMs = 500;

export interface ConfirmingOptions {
  readonly worker: string;
  readonly host: string;
  readonly rabbit: Pick<Broker, "send">;
  readonly ledger: Pick<Ledger, "copyId" | "applied" | "sync">;
  readonly time: Clock;
}

export class Confirming {
  readonly #options: ConfirmingOptions;
  readonly #wakeable: Wakeable;
  #masterHost: string | undefined;

  constructor(options: ConfirmingOptions) {
    this.#options = options;
    this.#wakeable = new Wakeable(options.time);
  }

  /** Something was applied. */
  wake(): void {
    this.#wakeable.wake();
  }

  /** A master on this host has no use for it. @param host undefined while there is none, or it is not known */
  masterIsOn(host: string | undefined): void {
    if (host !== this.#masterHost) this.#wakeable.wake();
    this.#masterHost = host;
  }

  /** Runs until the signal fires. @throws what the disk fails with: the copy may then hold less than it seems to */
  async run(signal: AbortSignal): Promise<void> {
    const { worker, host, rabbit, ledger } = this.#options;
    let synced = nowhere;
    while (!signal.aborted) {
      const { epoch, position } = ledger.applied;
      if (this.#masterHost !== host) {
        if (!samePlace(synced, { epoch, position })) await ledger.sync();
        synced = { epoch, position };
        const word: Confirmation = { worker, copyId: ledger.copyId, host, epoch, position };
        // Where no master of that epoch listens any more, the broker drops it.
        rabbit.send(witnessQueueOf(epoch), Buffer.from(JSON.stringify(word)));
      }
      await this.#wakeable.wait(sayEveryMs, signal);
    }
  }
}
