// Lets programs outside of the simulated network reach a port inside it. It is started in the network namespace of the simulated
// client, and is handed sockets that listen outside: a socket belongs to the namespace that it was made in.
import { connect, type Server, type Socket } from "node:net";

/** What comes with a listening socket. */
export interface Forward {
  readonly host: string;
  readonly port: number;
}

/** A host without power answers nothing at all; whoever waits for it is told so after this. */
const connectMs = 3_000;

function forward(outside: Socket, to: Forward): void {
  const inside = connect(to);
  inside.setTimeout(connectMs, () => {
    if (inside.connecting) inside.destroy();
  });
  for (const [socket, other] of [
    [outside, inside],
    [inside, outside],
  ] as const) {
    socket.setNoDelay(true);
    socket.on("error", () => other.resetAndDestroy());
    socket.on("close", () => other.destroy());
    socket.pipe(other);
  }
}

process.on("message", (to: Forward, listening: Server) => {
  listening.on("connection", (outside: Socket) => forward(outside, to));
  process.send?.("listening");
});
// With whoever started it.
process.on("disconnect", () => process.exit(0));
