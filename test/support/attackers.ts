// Clients that do what no client should: they send in crumbs, stop in the middle, or ask and do not read.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { ports } from "../../tools/cluster/settings.ts";

export interface Attacker {
  readonly socket: Socket;
  /** The status of the answer, once it comes; null when the connection ends without one. */
  readonly status: Promise<number | null>;
}

const statusLine = /^HTTP\/1\.1 (\d{3})/;

/** @param reads false for a client that takes nothing of its answer */
export async function attacker(text: string, reads = true): Promise<Attacker> {
  const socket = connect(ports.api, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  if (!reads) socket.pause();
  const status = new Promise<number | null>((resolve) => {
    if (reads)
      socket.on("data", (chunk) => resolve(Number(statusLine.exec(chunk.toString("latin1"))?.[1] ?? 0)));
    socket.on("close", () => resolve(null));
  });
  socket.write(text);
  return { socket, status };
}

export const head = (path: string, ...headers: readonly string[]): string =>
  [`POST ${path} HTTP/1.1`, "Host: localhost", ...headers, "", ""].join("\r\n");

export const post = (path: string, body: string): string =>
  `${head(path, `Content-Length: ${Buffer.byteLength(body)}`)}${body}`;

/** The body in chunks of one byte. Written piece by piece, each when the one before is on its way. */
export async function sendInCrumbs({ socket }: Attacker, body: string): Promise<void> {
  const pieceBytes = 16_384;
  for (let at = 0; at < body.length && !socket.destroyed; at += pieceBytes) {
    const piece = body.slice(at, at + pieceBytes).replace(/[\s\S]/g, "1\r\n$&\r\n");
    if (!socket.write(piece, "latin1")) await Promise.race([once(socket, "drain"), once(socket, "close")]);
  }
  socket.write("0\r\n\r\n");
}

export function leave(attackers: readonly Attacker[]): void {
  for (const { socket } of attackers) socket.destroy();
}
