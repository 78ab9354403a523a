// Requests that a client sends without waiting for the answers before them. Node.js reads such requests as they come and
// keeps their answers until it is their turn, so their number is bounded: of one connection, and of all together.
import type { ServerResponse } from "node:http";

export interface PipelineLimits {
  readonly pipelinedOfConnectionMax: number;
  readonly pipelinedMax: number;
}

export class Pipelines {
  readonly #limits: PipelineLimits;
  readonly #queued = new Set<ServerResponse>();

  constructor(limits: PipelineLimits) {
    this.#limits = limits;
  }

  /** @param res whose turn has not come; @returns false when there are too many: the connection is then closed */
  admits(res: ServerResponse): boolean {
    const { socket } = res.req;
    let ofConnection = 0;
    for (const other of this.#queued) {
      // A response in the queue of a connection is not told when that goes.
      if (other.req.socket.destroyed) this.#queued.delete(other);
      else if (other.req.socket === socket) ofConnection += 1;
    }
    const { pipelinedOfConnectionMax, pipelinedMax } = this.#limits;
    if (socket.destroyed || ofConnection >= pipelinedOfConnectionMax || this.#queued.size >= pipelinedMax) {
      socket.destroy();
      return false;
    }
    this.#queued.add(res);
    res.once("close", () => this.#queued.delete(res));
    return true;
  }
}
