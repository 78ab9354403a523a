// What is measured: the service, or plain mode beside it. Both speak the same HTTP, so everything here serves both.
import type { HttpTarget } from "../load/http-client.ts";
import { fillingBodies } from "../load/workload.ts";
import type { Container, Engine } from "./engine.ts";
import { post, until } from "./http.ts";
import { type UsageByProcess, usageOf } from "./processes.ts";

export type SubjectName = "plain" | "service";

export interface Subject {
  readonly name: SubjectName;
  readonly target: HttpTarget;
  readonly usage: () => UsageByProcess;
}

const rowsPerBody = 4_000;
const settleWithinMs = 120_000;
export const paths = {
  read: "/api/v1/db/read",
  write: "/api/v1/db/write",
  clear: "/api/v1/db/clear",
} as const;

/** Adds rows `first` to `last` to a table, and waits until a read finds them. */
export async function fill({ target }: Subject, table: string, first: number, last: number): Promise<void> {
  if (last < first) return;
  const before = await countRows(target, table);
  for (const body of fillingBodies(table, first, last - first + 1, rowsPerBody))
    await post(target, paths.write, body);
  await expectRows(target, table, before + last - first + 1);
}

/** @throws when the table does not come to hold exactly so many rows */
export async function expectRows(target: HttpTarget, table: string, rows: number): Promise<void> {
  let counted = -1;
  const equal = async () => {
    counted = await countRows(target, table);
    return counted === rows ? true : null;
  };
  await until(`${rows} rows in ${table}`, settleWithinMs, 50, equal).catch((cause: unknown) => {
    throw new Error(`${table} holds ${counted} rows instead of ${rows}`, { cause });
  });
}

export async function countRows(target: HttpTarget, table: string): Promise<number> {
  const [row] = (await post(target, paths.read, JSON.stringify({ table, count: true }))) as {
    count: number;
  }[];
  if (typeof row?.count !== "number") throw new Error(`counting ${table} answered no count`);
  return row.count;
}

/** The usage of the containers as they are now; who starts or replaces some asks for it anew. */
export async function usageOfContainers(
  engine: Engine,
  cluster: string,
  belongs: (container: Container) => boolean,
): Promise<() => UsageByProcess> {
  const containers = (await engine.running(`${cluster}-`)).filter(belongs);
  return () => usageOf(containers, cluster);
}
