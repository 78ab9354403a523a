// The service's own HTTP API, as any client uses it: by the client of client/.

import { Dbaas } from "../client/client.ts";
import { DbaasError } from "../client/errors.ts";
import { CliError, exitCodes } from "./exit.ts";

/** A failover is waited out; a person does not wait for more. */
const answerWithinMs = 20_000;

export class Api {
  readonly #url: string;
  readonly #client: Dbaas;

  /** @param token where the front door is closed */
  constructor(url: string, token: string | undefined) {
    this.#url = url;
    this.#client = new Dbaas({ url, withinMs: answerWithinMs, token });
  }

  /** @returns the pid of the master that was asked to step down */
  switchover(): Promise<number> {
    return this.#said(() => this.#client.switchover());
  }

  /** @returns the pid of the worker whose copy goes on */
  acceptLoss(copy: string | undefined): Promise<number> {
    return this.#said(() => this.#client.acceptLoss(copy));
  }

  /** @throws CliError with the service's own words when it refuses */
  async #said<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (cause) {
      if (!(cause instanceof DbaasError))
        throw new CliError(exitCodes.unreachable, `cannot reach the API at ${this.#url}`, { cause });
      const where = cause.field === undefined ? "" : `${cause.field} `;
      const hint = cause.status === 401 ? "; put it into the variable DBAAS_TOKEN" : "";
      throw new CliError(exitCodes.failed, `${where}${cause.message}${hint}`);
    }
  }
}
