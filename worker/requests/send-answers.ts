// Answers on their way to the API, in as many messages as the broker's limit for one asks for.
import { type Answer, encodeAnswers, queueLimits } from "../../core/messages/queues.ts";
import type { Broker, Delivery } from "../ports.ts";

export function sendAnswers(
  rabbit: Broker,
  worker: string,
  { replyTo, correlationId }: Pick<Delivery, "replyTo" | "correlationId">,
  answers: readonly Answer[],
): void {
  for (const some of parts(answers, queueLimits.answerBytesMax))
    rabbit.send(replyTo, encodeAnswers(worker, some), { correlationId });
}

/** In order; each part holds at most `bytesMax` of bodies, or one body that is larger by itself. */
export function parts(answers: readonly Answer[], bytesMax: number): readonly (readonly Answer[])[] {
  const out: Answer[][] = [];
  let bytes = 0;
  for (const answer of answers) {
    const more = Buffer.byteLength(answer.body);
    if (out.length === 0 || bytes + more > bytesMax) {
      out.push([]);
      bytes = 0;
    }
    out.at(-1)?.push(answer);
    bytes += more;
  }
  return out;
}
