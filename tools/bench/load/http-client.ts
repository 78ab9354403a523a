// One keep-alive connection that has one request in the air at a time, over a bare socket. It knows just enough HTTP/1.1 to
// find where an answer with a Content-Length ends: the load generator shares the cores with what it measures, so every
// microsecond it takes is one that the service does not get.
import { connect, type Socket } from "node:net";

export interface HttpAnswer {
  readonly status: number;
  /** Valid only during the call: the next answer is read into the same memory. */
  readonly body: Buffer;
}

export interface HttpTarget {
  readonly host: string;
  readonly port: number;
}

/** What a request gets whose connection broke. */
export const noAnswer: HttpAnswer = { status: 0, body: Buffer.alloc(0) };

type OnAnswer = (answer: HttpAnswer) => void;

const receiveBytes = 64 * 1024;
const contentLength = Buffer.from("\r\ncontent-length:");
const statusAt = "HTTP/1.1 ".length;

export class HttpClient {
  readonly #target: HttpTarget;
  readonly #onError: (error: Error) => void;
  readonly #receive = Buffer.allocUnsafe(receiveBytes);
  #socket: Socket | undefined;
  /** Only when an answer came in several pieces. */
  #pending: Buffer | undefined;
  #onAnswer: OnAnswer | undefined;

  constructor(target: HttpTarget, onError: (error: Error) => void) {
    this.#target = target;
    this.#onError = onError;
  }

  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({
        ...this.#target,
        noDelay: true,
        onread: { buffer: this.#receive, callback: (bytes) => this.#arrived(bytes) },
      });
      const lost = (error: Error) => {
        reject(error);
        if (this.#socket === socket) this.#lost(error);
      };
      socket.once("connect", resolve);
      socket.once("error", lost);
      socket.once("close", () => lost(new Error("connection closed by the server")));
      this.#socket = socket;
    });
  }

  /** @source `request` is a whole request, head and body */
  send(request: Buffer, onAnswer: OnAnswer): void {
    this.#onAnswer = onAnswer;
    this.#socket?.write(request);
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#onAnswer = undefined;
  }

  #arrived(bytes: number): boolean {
    const fresh = this.#receive.subarray(0, bytes);
    const all = this.#pending === undefined ? fresh : Buffer.concat([this.#pending, fresh]);
    const answer = parseAnswer(all);
    if (answer === null) {
      this.#pending = this.#pending === undefined ? Buffer.from(all) : all;
      return true;
    }
    this.#pending = undefined;
    const onAnswer = this.#onAnswer;
    this.#onAnswer = undefined;
    if (onAnswer === undefined) this.#lost(new Error("an answer without a request"));
    else onAnswer(answer);
    return true;
  }

  #lost(error: Error): void {
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#pending = undefined;
    const waiting = this.#onAnswer;
    this.#onAnswer = undefined;
    this.#onError(error);
    waiting?.(noAnswer);
  }
}

/** PURE. @returns null while the answer is not whole */
export function parseAnswer(bytes: Buffer): HttpAnswer | null {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const status = Number(bytes.toString("latin1", statusAt, statusAt + 3));
  const length = lengthOf(bytes, headEnd);
  const bodyAt = headEnd + 4;
  if (bytes.length < bodyAt + length) return null;
  return { status, body: bytes.subarray(bodyAt, bodyAt + length) };
}

function lengthOf(bytes: Buffer, headEnd: number): number {
  // Node and Express write the name in one of these two ways.
  let at = bytes.indexOf("\r\nContent-Length:");
  if (at < 0 || at > headEnd) at = bytes.indexOf(contentLength);
  if (at < 0 || at > headEnd) return 0;
  const from = at + contentLength.length;
  return Number(bytes.toString("latin1", from, bytes.indexOf("\r\n", from)));
}
