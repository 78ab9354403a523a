// The cluster that is tortured, as schedule, clients and checkers know it: one of one machine, or one over several hosts.
import type { Rabbit } from "../../platform/rabbitmq/rabbit.ts";
import type { ZooKeeperSession } from "../../platform/zookeeper/zookeeper.ts";
import type { Copy } from "../cluster/copies.ts";
import type { Remains } from "./check/leftovers.ts";
import type { Ask } from "./clients/attempt.ts";

export type WithBroker = <T>(use: (rabbit: Rabbit) => Promise<T>) => Promise<T>;

/** A worker that is not in ZooKeeper has no state. */
export interface WorkerSeen {
  readonly name: string;
  readonly state: string | null;
}

export interface World {
  readonly workersDesired: number;
  /** @throws when it does not come up */
  bringUp(print: (line: string) => void): Promise<void>;
  takeDown(): Promise<void>;
  /** Keeps what every container writes, also of those that will be gone. @returns what ends that */
  followLogs(folder: string): Promise<() => void>;
  /** The ways into the service. `odd` is told of answers that no client should ever get. */
  asks(odd: (what: string) => void): readonly Ask[];
  readonly withBroker: WithBroker;
  readonly zooKeeper: () => Promise<ZooKeeperSession>;
  /**
   * Waits until it is as desired.
   * @param onLack told what is lacking beside the workers, each time that it is something else
   * @throws with what was seen last when it takes longer
   */
  settled(withinMs: number, onLack?: (lack: string) => void): Promise<readonly WorkerSeen[]>;
  /** What every worker's own file holds now. */
  copies(): Promise<readonly Copy[]>;
  /** The rows of a query on this worker's own file. */
  rowsIn(worker: string, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  remains(): Promise<Remains>;
}
