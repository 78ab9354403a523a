// A client whose body arrives in very many pieces, at the part of the API that receives bodies.
import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Bodies } from "../../api/http/bodies.ts";
import { limits } from "../../api/limits.ts";
import type { Clock } from "../../platform/process/clock.ts";

/** A body is to cost what its bytes cost, in however many pieces they come. */
const piecesKeptMax = 100;

/** @returns what was wrong, in words */
export async function inPieces(pieces: number, clock: Clock): Promise<readonly string[]> {
  const request = Object.assign(new EventEmitter(), { headers: {} }) as unknown as IncomingMessage;
  let bytes: number | undefined;
  new Bodies(limits.bodiesBytesMax, clock).receive(request, pieces, (body) => {
    bytes = body?.length;
  });
  const sent: WeakRef<Buffer>[] = [];
  for (let i = 0; i < pieces; i++) {
    const piece = Buffer.from(" ");
    sent.push(new WeakRef(piece));
    request.emit("data", piece);
  }
  const kept = await countOf(sent);
  request.emit("end");
  return [
    ...(bytes === pieces ? [] : [`a body of ${pieces} bytes arrived as ${bytes ?? "none"}`]),
    ...(kept <= piecesKeptMax ? [] : [`the API keeps ${kept} of ${pieces} pieces of a body that arrives`]),
  ];
}

/** Of those that somebody still has. */
async function countOf(references: readonly WeakRef<object>[]): Promise<number> {
  // What was looked at through such a reference is kept until the end of its turn.
  await new Promise(setImmediate);
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return references.filter((reference) => reference.deref() !== undefined).length;
}
