// Writes tables of a file into the cluster: in parts, several on their way at a time, each under a key of its own, so that one which
// was sent twice is written once.
import { CliError } from "../exit.ts";
import type { Progress } from "./progress.ts";
import { keyOfPart, type Service } from "./service.ts";
import type { SqliteFile } from "./sqlite-file.ts";
import {
  chunked,
  columnsOf,
  counterStatements,
  insertOf,
  lateUpdate,
  type Planned,
  paramOf,
  type SqlStatement,
} from "./tables.ts";

const onTheWayMax = 4;
const updatesMax = 100;

/** Runs the tasks, a few at a time, and stops at the first that fails. */
export async function severalAtATime<T>(
  tasks: Iterable<T> | AsyncIterable<T>,
  run: (task: T) => Promise<void>,
): Promise<void> {
  const onTheWay = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  for await (const task of tasks) {
    const done: Promise<void> = run(task)
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => onTheWay.delete(done));
    onTheWay.add(done);
    if (onTheWay.size >= onTheWayMax) await Promise.race(onTheWay);
    if (failure !== undefined) break;
  }
  await Promise.all(onTheWay);
  if (failure !== undefined) throw failure.error;
}

export interface Loading {
  readonly service: Service;
  readonly file: SqliteFile;
  /** What the keys of the parts are made of. */
  readonly source: string;
  readonly progress: Progress;
  readonly warn: (text: string) => Promise<void>;
}

/** All rows of these tables. */
export async function loadTables(loading: Loading, plan: readonly Planned[]): Promise<void> {
  for (const planned of plan) {
    await keepCounter(loading, planned);
    await loadRows(loading, planned);
  }
  for (const planned of plan) if (planned.late.length > 0) await loadLate(loading, planned);
}

async function keepCounter({ service, file, source, warn }: Loading, planned: Planned): Promise<void> {
  const { table } = planned;
  const [first] = file.rows(table);
  const statements = counterStatements(planned, first);
  if (statements.length === 0) return;
  try {
    await service.together(statements, keyOfPart(source, `counter ${table.name}`));
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    await warn(
      `the counter of table ${table.name} is not kept (${error.message}): it goes on from its largest number\n`,
    );
  }
}

async function loadRows(
  { service, file, source, progress }: Loading,
  { table, late }: Planned,
): Promise<void> {
  const columns = columnsOf(table);
  const isLate = columns.map((name) => late.some((one) => one.toLowerCase() === name.toLowerCase()));
  let number = 0;
  await severalAtATime(chunked(params(file, table, isLate), columns.length), async (rows) => {
    number += 1;
    await service.write(insertOf(table.name, columns, rows), keyOfPart(source, `${table.name} ${number}`));
    await progress.add(rows.length);
  });
}

function* params(
  file: SqliteFile,
  table: Planned["table"],
  isLate: readonly boolean[],
): Generator<readonly unknown[], void> {
  for (const row of file.rows(table))
    yield row.map((value, i) => (isLate[i] === true ? null : paramOf(value)));
}

async function loadLate({ service, file, source }: Loading, planned: Planned): Promise<void> {
  let number = 0;
  await severalAtATime(updates(file, planned), async (statements) => {
    number += 1;
    await service.together(statements, keyOfPart(source, `${planned.table.name} late ${number}`));
  });
}

function* updates(file: SqliteFile, planned: Planned): Generator<readonly SqlStatement[], void> {
  let statements: SqlStatement[] = [];
  for (const row of file.rows(planned.table)) {
    const statement = lateUpdate(planned, row);
    if (statement === undefined) continue;
    statements.push(statement);
    if (statements.length < updatesMax) continue;
    yield statements;
    statements = [];
  }
  if (statements.length > 0) yield statements;
}
