// What a program is told that asks the brokers in memory for what they have, as platform/rabbitmq/cluster-memory.ts does it: each at the
// broker itself. For the memory ids of several, a second time with more patience while fewer than a majority have answered.
import { TransientError } from "../../core/errors.ts";
import { isUnknown, listOfIds, unknownId } from "../../core/rules/broker-memory.ts";
import type { Replicas } from "./memory-replicas.ts";
import type { VirtualProcess } from "./virtual-process.ts";

const answerMs = 10;
const askWithinMs = [1_000, 3_000] as const;
/** So long a reader waits for a record, and looks whether it has come. */
const recordMs = { within: 1_000, every: 100 } as const;

interface Readable {
  accepts(node: number): boolean;
  readable(node: number): number;
}

interface Asking {
  readonly process: VirtualProcess;
  /** Whether the program reaches a broker at this moment. */
  readonly reaches: (node: number) => boolean;
}

/** @throws TransientError when no majority of the brokers answers */
export async function memoryOf(replicas: Replicas, { process, reaches }: Asking): Promise<string> {
  const ids = Array.from({ length: replicas.size }, () => unknownId);
  for (const withinMs of askWithinMs) {
    await process.work(answerMs);
    for (const [node, id] of ids.entries())
      if (isUnknown(id) && replicas.accepts(node) && reaches(node)) ids[node] = replicas.idOf(node);
    if (ids.some(isUnknown)) await process.sleep(withinMs);
    if (ids.filter((id) => !isUnknown(id)).length > ids.length / 2) return listOfIds(ids);
  }
  throw new TransientError("RabbitMQ: no majority of the brokers answers");
}

/** Whether a reader at this broker is given that record, or one behind it. */
export async function isRead(
  broker: Readable,
  { node, offset }: { readonly node: number; readonly offset: number },
  { process, reaches }: Asking,
): Promise<boolean> {
  await process.work(answerMs);
  for (let waitedMs = 0; ; waitedMs += recordMs.every) {
    if (reaches(node) && broker.accepts(node) && broker.readable(node) > offset) return true;
    if (waitedMs >= recordMs.within) return false;
    await process.sleep(recordMs.every);
  }
}
