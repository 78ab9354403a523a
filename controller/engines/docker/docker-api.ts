// The one door to dockerode: a Docker engine over its socket. Every call has a deadline, and an error says whether trying again
// can help.
import { createInterface } from "node:readline";
import Docker from "dockerode";
import { TerminalError, TransientError } from "../../../core/errors.ts";
import { within } from "../../../platform/process/waiting.ts";

export type ContainerListed = Docker.ContainerInfo;
export type InspectedState = Docker.ContainerInspectInfo["State"];
export type { Docker };

type Call<T> = (docker: Docker) => Promise<T>;

const callWithinMs = 10_000;

const badRequest = 400;
const notFound = 404;

const statusCodeOf = (error: unknown): number =>
  typeof error === "object" && error !== null && "statusCode" in error ? Number(error.statusCode) : 0;

export class DockerApi {
  readonly #docker: Docker;

  constructor(socketPath: string) {
    this.#docker = new Docker({ socketPath });
  }

  /** @throws TransientError or TerminalError, with the engine's answer as its cause */
  async call<T>(what: string, call: Call<T>, ms = callWithinMs): Promise<T> {
    try {
      return await this.#within(what, call, ms);
    } catch (cause) {
      throw errorFor(what, cause, [badRequest]);
    }
  }

  /** Of something that is made from other things: when one of those is missing, trying again does not bring it. */
  async make<T>(what: string, call: Call<T>, ms = callWithinMs): Promise<T> {
    try {
      return await this.#within(what, call, ms);
    } catch (cause) {
      throw errorFor(what, cause, [badRequest, notFound]);
    }
  }

  /** @returns null when there is no such thing, which is certain knowledge, too */
  async found<T>(what: string, call: Call<T>, ms = callWithinMs): Promise<T | null> {
    try {
      return await this.#within(what, call, ms);
    } catch (cause) {
      if (statusCodeOf(cause) === notFound) return null;
      throw errorFor(what, cause, [badRequest]);
    }
  }

  /** Calls `onLine` for each event, until the stream breaks or the signal fires. */
  async events(
    filters: Readonly<Record<string, readonly string[]>>,
    onLine: (line: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const asked = { filters: JSON.stringify(filters) };
    const stream = await this.call("subscribe to events", (docker) => docker.getEvents(asked));
    // Chunks are not events: one may hold several, or a part of one.
    const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
    const stop = () => {
      lines.close();
      (stream as unknown as { destroy(): void }).destroy();
    };
    signal.addEventListener("abort", stop, { once: true });
    try {
      for await (const line of lines) onLine(line);
    } finally {
      signal.removeEventListener("abort", stop);
      stop();
    }
  }

  #within<T>(what: string, call: Call<T>, ms: number): Promise<T> {
    return within(call(this.#docker), ms, `Docker: ${what}`);
  }
}

const errorFor = (what: string, cause: unknown, terminal: readonly number[]): Error =>
  terminal.includes(statusCodeOf(cause))
    ? new TerminalError(what, { cause })
    : new TransientError(what, { cause });
