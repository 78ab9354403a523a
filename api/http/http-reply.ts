// First and last step of a read or write: measured from here to here. The worker's JSON goes out as the bytes it came in.
import type { ServerResponse } from "node:http";
import type { RefusalBody } from "../../core/errors.ts";
import type { DecodedAnswer } from "../../core/messages/queues.ts";
import { fromJson } from "../../core/state/znodes.ts";
import type { Span } from "../../platform/telemetry/tracing.ts";
import type { Reply } from "../batching/pending.ts";
import type { RouteMeter } from "../live/meters.ts";
import { endRequestSpan } from "../request-traces.ts";
import { type Headers, type HttpRefusal, refuse, tooManyUnread } from "./refusals.ts";
import type { Unsent } from "./unsent.ts";

const unreadable: RefusalBody = { code: "internal", message: "the worker's answer cannot be read" };
/** Up to this size head and body leave as one string, in one write; above it the copy would cost more. */
const oneWriteBytesMax = 4_096;

export class HttpReply implements Reply {
  readonly #res: ServerResponse;
  readonly #meter: RouteMeter;
  readonly #unsent: Unsent;
  readonly #startedAtMs: number;
  readonly span: Span | undefined;

  constructor(res: ServerResponse, meter: RouteMeter, unsent: Unsent, span?: Span) {
    this.#res = res;
    this.#meter = meter;
    this.#unsent = unsent;
    this.#startedAtMs = meter.clock.monotonicMs();
    this.span = span;
  }

  answered({ ok, body, position }: DecodedAnswer, worker: string): void {
    this.span?.set({ "dbaas.worker": worker, "dbaas.position": position });
    if (!ok) {
      const refusal = fromJson<RefusalBody>(body.toString("utf8")) ?? unreadable;
      this.refused(refusal, [
        ["X-DBaaS-Position", String(position)],
        ["X-DBaaS-Worker", worker],
      ]);
      return;
    }
    const fits = body.length <= oneWriteBytesMax || this.#unsent.admit(this.#res, body.length);
    if (fits) this.#send(body, position, worker);
    else this.refused(tooManyUnread);
  }

  #send(body: Buffer, position: number, worker: string): void {
    this.#res.writeHead(200, [
      "Content-Type",
      "application/json",
      "Content-Length",
      String(body.length),
      "X-DBaaS-Position",
      String(position),
      "X-DBaaS-Worker",
      worker,
    ]);
    if (body.length <= oneWriteBytesMax) this.#res.end(body.toString("latin1"), "latin1");
    else this.#res.end(ofItsOwn(body));
    this.#ended(200);
  }

  refused(refusal: HttpRefusal, headers: Headers = []): void {
    this.#ended(refuse(this.#res, refusal, headers));
  }

  #ended(status: number): void {
    this.#meter.answered(this.#startedAtMs, status);
    if (this.span !== undefined) endRequestSpan(this.span, status);
  }
}

/** The answers of one message share its memory: one that its client does not take must not keep the others. */
const ofItsOwn = (body: Buffer): Buffer =>
  body.length * 4 < body.buffer.byteLength * 3 ? Buffer.from(body) : body;
