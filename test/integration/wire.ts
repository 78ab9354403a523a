// A connection on its way to a server, which can be cut: what is under way is lost, and nobody comes through until it is mended.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export class Wire {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  port = 0;
  #open = true;

  private constructor(host: string, port: number) {
    this.#server = createServer((inner) => {
      if (!this.#open) return void inner.destroy();
      const outer = connect(port, host);
      for (const [from, other] of [[inner, outer] as const, [outer, inner] as const]) {
        this.#sockets.add(from);
        from.setNoDelay(true).pipe(other);
        from.on("error", () => other.destroy());
        from.on("close", () => this.#sockets.delete(from) && other.destroy());
      }
    });
  }

  static async to(host: string, port: number): Promise<Wire> {
    const wire = new Wire(host, port);
    wire.#server.listen(0, "127.0.0.1");
    await once(wire.#server, "listening");
    wire.port = (wire.#server.address() as AddressInfo).port;
    return wire;
  }

  cut() {
    this.#open = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend() {
    this.#open = true;
  }

  close() {
    this.cut();
    this.#server.close();
  }
}
