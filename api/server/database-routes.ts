// db/read, db/write and db/clear: body -> statement -> batcher. The two hot routes come here without Express.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../protocol/clock.ts";
import { Refusal, refusalBody } from "../../protocol/errors.ts";
import type { Log } from "../../protocol/log.ts";
import type { RequestSpec } from "../../protocol/manifest.ts";
import type { WriteStatement } from "../../protocol/statement.ts";
import type { PendingRead, PendingWrite } from "../batcher/pending.ts";
import { limits } from "../limits.ts";
import { clientKeyFrom } from "../requests/idempotency.ts";
import { jsonFrom } from "../requests/json-body.ts";
import { minPositionFrom } from "../requests/min-position.ts";
import { parseRead } from "../requests/read-request.ts";
import { parseWrite } from "../requests/write-request.ts";
import { submitStrongRead } from "../strong-read.ts";
import type { Bodies } from "./bodies.ts";
import { HttpReply } from "./http-reply.ts";
import { refuse, unforeseen } from "./refusals.ts";

export interface DatabasePorts {
  readonly reads: { submit(pending: PendingRead): void };
  readonly writes: { submit(pending: PendingWrite): void };
  readonly bodies: Bodies;
  readonly spec: { readonly requests: RequestSpec };
  readonly clock: Clock;
  readonly countRead: () => void;
  readonly log: Log;
}

/** What a request costs in memory besides its body. */
const requestBytes = 512;

export class DatabaseRoutes {
  readonly #ports: DatabasePorts;

  constructor(ports: DatabasePorts) {
    this.#ports = ports;
  }

  readonly read = (req: IncomingMessage, res: ServerResponse): void => {
    this.#ports.countRead();
    this.#withBody(req, res, this.#submitRead);
  };

  readonly write = (req: IncomingMessage, res: ServerResponse): void => {
    this.#withBody(req, res, this.#submitWrite);
  };

  /** Takes no body; one that comes is dropped. */
  readonly clear = (req: IncomingMessage, res: ServerResponse): void => {
    this.#refusing(res, () => this.#submitStatement(req, res, { shape: { kind: "clear" }, rows: [[]] }, 0));
  };

  #withBody(
    req: IncomingMessage,
    res: ServerResponse,
    submit: (req: IncomingMessage, res: ServerResponse, body: Buffer) => void,
  ): void {
    const { bodies, spec } = this.#ports;
    bodies.receive(req, Math.min(spec.requests.bodyBytesMax, limits.bodyBytesMax), (body, refusal) => {
      if (body !== undefined) this.#refusing(res, () => submit(req, res, body));
      else if (refusal !== undefined) refuse(res, refusal);
    });
  }

  readonly #submitRead = (req: IncomingMessage, res: ServerResponse, body: Buffer): void => {
    const { shape, params, strong } = parseRead(jsonFrom(body));
    const minPosition = minPositionFrom(req.headers["x-dbaas-min-position"]);
    const read: PendingRead = {
      shape,
      params,
      reply: new HttpReply(res),
      deadlineAtMs: this.#deadlineAtMs(),
      bytes: body.length + requestBytes,
      ...(minPosition === undefined ? {} : { minPosition }),
    };
    if (strong) submitStrongRead(read, this.#ports.reads, this.#ports.writes);
    else this.#ports.reads.submit(read);
  };

  readonly #submitWrite = (req: IncomingMessage, res: ServerResponse, body: Buffer): void =>
    this.#submitStatement(req, res, parseWrite(jsonFrom(body)), body.length);

  #submitStatement(
    req: IncomingMessage,
    res: ServerResponse,
    statement: WriteStatement,
    bodyBytes: number,
  ): void {
    const header = req.headers["idempotency-key"];
    const clientKey = clientKeyFrom(Array.isArray(header) ? header.join() : header, statement);
    this.#ports.writes.submit({
      shape: statement.shape,
      rows: statement.rows,
      reply: new HttpReply(res),
      deadlineAtMs: this.#deadlineAtMs(),
      bytes: bodyBytes + requestBytes,
      ...clientKey,
    });
  }

  /** Nothing a client sends may take the process down, not even by a mistake of ours. */
  #refusing(res: ServerResponse, submit: () => void): void {
    try {
      submit();
    } catch (error) {
      if (!(error instanceof Refusal)) this.#ports.log.error({ err: error }, "could not answer a request");
      refuse(res, error instanceof Refusal ? refusalBody(error) : unforeseen);
    }
  }

  #deadlineAtMs(): number {
    return this.#ports.clock.monotonicMs() + this.#ports.spec.requests.timeoutMs;
  }
}
