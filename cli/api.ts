// The service's own HTTP API, as any client uses it.
import { CliError, exitCodes } from "./exit.ts";

const answerWithinMs = 60_000;

interface Refused {
  readonly error?: { readonly message?: string; readonly field?: string };
}

export class Api {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** @throws CliError with the service's own words when it refuses */
  async post(path: string, body: unknown): Promise<unknown> {
    const answer = await this.#send(path, JSON.stringify(body));
    const text = await answer.text();
    const value: unknown = text === "" ? null : parsed(text);
    if (answer.ok) return value;
    const { error } = (value ?? {}) as Refused;
    const where = error?.field === undefined ? "" : `${error.field} `;
    throw new CliError(exitCodes.failed, `${where}${error?.message ?? `HTTP status ${answer.status}`}`);
  }

  async #send(path: string, body: string): Promise<Response> {
    try {
      return await fetch(new URL(path, this.#url), {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body,
        signal: AbortSignal.timeout(answerWithinMs),
      });
    } catch (cause) {
      throw new CliError(exitCodes.unreachable, `cannot reach the API at ${this.#url}`, { cause });
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
