// A client that sends piece by piece to a server of this process: what comes back, and what the server has read of it.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { connect, type Socket } from "node:net";
import { after, before } from "node:test";

export interface Dribbled {
  readonly received: string;
  readonly afterMs: number;
  /** What the server has read of it; undefined where it never had the connection. */
  readonly readBytes: number | undefined;
}

/** The servers' ends of connections, by the ports of the others. */
const accepted = new Map<number, Socket>();
const keep = (message: unknown): void => {
  const { socket } = message as { readonly socket: Socket };
  if (socket.remotePort !== undefined) accepted.set(socket.remotePort, socket);
};
before(() => subscribe("net.server.socket", keep));
after(() => unsubscribe("net.server.socket", keep));

/** Sends one piece after the other, as long as the server listens. */
export class Dribble {
  /** What became of it, once the connection has ended. */
  readonly ended: Promise<Dribbled>;
  /** When the first of an answer has come, or none will. */
  readonly answered: Promise<unknown>;
  readonly #socket: Socket;
  #port = 0;

  constructor(to: { readonly port: number }, pieces: Iterable<string>, everyMs: number) {
    const startedAtMs = performance.now();
    const socket = connect(to.port, "127.0.0.1");
    this.#socket = socket;
    socket.once("connect", () => {
      this.#port = socket.localPort ?? 0;
    });
    const iterator = pieces[Symbol.iterator]();
    const received: string[] = [];
    const sending = setInterval(() => {
      const { value, done } = iterator.next();
      if (!done && socket.writable) socket.write(value);
    }, everyMs);
    socket.on("data", (chunk) => void received.push(chunk.toString("latin1")));
    socket.on("error", () => undefined);
    this.ended = new Promise((resolve) => {
      socket.on("close", () => {
        clearInterval(sending);
        const { readBytes } = this;
        resolve({ received: received.join(""), afterMs: performance.now() - startedAtMs, readBytes });
      });
    });
    const first = new Promise((resolve) => socket.once("data", resolve));
    this.answered = Promise.race([first, this.ended]);
  }

  get readBytes(): number | undefined {
    return accepted.get(this.#port)?.bytesRead;
  }

  stop(): Promise<Dribbled> {
    this.#socket.destroy();
    return this.ended;
  }
}

export function* endless(first: string, then: string): Generator<string> {
  yield first;
  for (;;) yield then;
}
