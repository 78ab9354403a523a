// The service's own HTTP API, as any client uses it: by the client of client/.

import { randomUUID } from "node:crypto";
import { Dbaas } from "../client/client.ts";
import { DbaasError } from "../client/errors.ts";
import { exchange } from "../client/exchange.ts";
import { CliError, exitCodes } from "./exit.ts";
import type { Statement } from "./sentence.ts";

/** A failover is waited out; a person does not wait for more. */
const answerWithinMs = 20_000;

export class Api {
  readonly #url: string;
  readonly #token: string | undefined;
  readonly #client: Dbaas;

  /** @param token where the front door is closed */
  constructor(url: string, token: string | undefined) {
    this.#url = url;
    this.#token = token;
    this.#client = new Dbaas({ url, withinMs: answerWithinMs, token });
  }

  /** What is typed by hand is judged by the service. @throws CliError with the service's own words when it refuses */
  query({ kind, body }: Statement): Promise<unknown> {
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    if (this.#token !== undefined) headers.Authorization = `Bearer ${this.#token}`;
    // So that asking again after a failover does not do it twice.
    if (kind === "write") headers["Idempotency-Key"] = randomUUID();
    const url = new URL(`/api/v1/db/${kind}`, this.#url);
    const asked = { method: "POST", url, headers, body, withinMs: answerWithinMs, repeatable: true } as const;
    return this.#said(async () => (await exchange(fetch, asked)).value);
  }

  /** @returns the pid of the master that was asked to step down */
  switchover(): Promise<number> {
    return this.#said(() => this.#client.switchover());
  }

  /** @returns the pid of the worker whose copy goes on */
  acceptLoss(copy: string | undefined): Promise<number> {
    return this.#said(() => this.#client.acceptLoss(copy));
  }

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
