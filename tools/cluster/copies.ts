// What every worker's own database file holds, read beside the running worker.
import assert from "node:assert/strict";
import { docker } from "./command.ts";
import { found, notYet, until } from "./until.ts";
import { type Worker, workers } from "./workers.ts";

export interface Copy {
  readonly worker: string;
  readonly position: number;
  readonly epoch: number;
  readonly tables: Readonly<Record<string, { readonly rows: number; readonly sha256: string }>>;
}

const catchUpMs = 20_000;

const inspected = async ({ containerName }: Worker, ...sql: string[]): Promise<unknown> =>
  JSON.parse(await docker("exec", containerName, "node", "worker/copy/inspect.ts", "/data", ...sql));

export async function copyOf(worker: Worker): Promise<Copy> {
  return { worker: worker.name, ...((await inspected(worker)) as Omit<Copy, "worker">) };
}

/** The rows of a query on this worker's own file. */
export const rowsIn = async (
  worker: Worker,
  sql: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> =>
  (await inspected(worker, sql)) as readonly Readonly<Record<string, unknown>>[];

/** Waits until all copies stand at one position (no client writes meanwhile) and asserts that they are the same. */
export async function equalCopies(): Promise<readonly Copy[]> {
  const copies = await until("every worker's copy stands at one position", catchUpMs, async () => {
    const all = await Promise.all((await workers()).map(copyOf));
    const positions = new Set(all.map(({ position }) => position));
    return positions.size === 1
      ? found(all)
      : notYet(all.map(({ worker, position }) => ({ worker, position })));
  });
  const [first, ...others] = copies;
  assert.ok(first !== undefined && others.length > 0, "there are copies to compare");
  for (const other of others)
    assert.deepEqual(other.tables, first.tables, `${other.worker} and ${first.worker} hold the same`);
  return copies;
}

/** Asserts that the query gives these rows in every worker's own file, and that all copies are the same. */
export async function everyWorkerHas(sql: string, expected: readonly unknown[]): Promise<void> {
  await equalCopies();
  for (const worker of await workers())
    assert.deepEqual(await rowsIn(worker, sql), expected, `${worker.name} (${worker.state}): ${sql}`);
}
