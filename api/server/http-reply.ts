// Last step of a read or write: answer -> HTTP. The worker's JSON goes out as the bytes it came in.
import type { ServerResponse } from "node:http";
import type { RefusalBody } from "../../protocol/errors.ts";
import type { DecodedAnswer } from "../../protocol/queues.ts";
import { fromJson } from "../../protocol/znodes.ts";
import type { Reply } from "../batcher/pending.ts";
import { refuse } from "./refusals.ts";

const unreadable: RefusalBody = { code: "internal", message: "the worker's answer cannot be read" };
/** Up to this size head and body leave as one string, in one write; above it the copy would cost more. */
const oneWriteBytesMax = 4_096;

export class HttpReply implements Reply {
  readonly #res: ServerResponse;

  constructor(res: ServerResponse) {
    this.#res = res;
  }

  answered({ ok, body, position }: DecodedAnswer, worker: string): void {
    if (!ok) {
      const refusal = fromJson<RefusalBody>(body.toString("utf8")) ?? unreadable;
      refuse(this.#res, refusal, [
        ["X-DBaaS-Position", String(position)],
        ["X-DBaaS-Worker", worker],
      ]);
      return;
    }
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
    else this.#res.end(body);
  }

  refused(refusal: RefusalBody): void {
    refuse(this.#res, refusal);
  }
}
