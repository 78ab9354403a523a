// What a program that asks several brokers in memory for their memory ids is told, as platform/rabbitmq/cluster-memory.ts does it:
// each at the broker itself, a second time with more patience while fewer than a majority have answered.
import { TransientError } from "../../core/errors.ts";
import { isUnknown, listOfIds, unknownId } from "../../core/rules/broker-memory.ts";
import type { Replicas } from "./memory-replicas.ts";
import type { VirtualProcess } from "./virtual-process.ts";

const answerMs = 10;
const askWithinMs = [1_000, 3_000] as const;

/** @throws TransientError when no majority of the brokers answers */
export async function memoryOf(
  replicas: Replicas,
  process: VirtualProcess,
  reaches: (node: number) => boolean,
): Promise<string> {
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
