// How reads in SQL are asked of a copy.
import { queueLimits, type ReadItem } from "../../core/messages/queues.ts";
import { type SqlShape, statementLimits } from "../../core/messages/statement.ts";
import type { Connection } from "../disk.ts";
import { describeSql, runSql, runSqlGroup, type SqlResult } from "../sql/run-sql.ts";

/**
 * How the reads of one kind are asked of a copy: each answer is a line with how many rows it has, a space, and its JSON text. Whether
 * its reads took long or had large answers is remembered by it.
 */
export interface Reading {
  /** False when its reads run one by one. */
  readonly groupable: boolean;
  /** @param atMs Unix ms: what SQL takes for now */
  readonly ask: (
    connection: Connection,
    items: readonly ReadItem[],
    atMs: number,
  ) => Promise<readonly string[]>;
}

/** By their text. */
const sqlReadings = new Map<string, Reading>();
const sqlReadingsMax = 512;

export function sqlReadingOf(shape: SqlShape): Reading {
  const key = JSON.stringify(shape);
  const known = sqlReadings.get(key);
  if (known !== undefined) return known;
  // Clients with ever new statements must not fill the memory; starting over is as good as any order of forgetting.
  if (sqlReadings.size >= sqlReadingsMax) sqlReadings.clear();
  const reading: Reading = { groupable: true, ask: (...asked) => askSql(shape, ...asked) };
  sqlReadings.set(key, reading);
  return reading;
}

async function askSql(
  shape: SqlShape,
  connection: Connection,
  items: readonly ReadItem[],
  atMs: number,
): Promise<readonly string[]> {
  const { rowsMax } = statementLimits;
  // A group shares the room that one has: what has more of it is asked for alone.
  const limits = {
    atMs,
    rowsMax,
    bytesMax: Math.floor(queueLimits.answerBytesMax / items.length) - bracesBytes,
  };
  if (shape.describe === true) {
    const described = await describeSql(connection, shape, limits.bytesMax);
    return items.map(() => lineOf(described));
  }
  const [only, ...others] = items;
  if (only !== undefined && others.length === 0)
    return [
      lineOf(
        await runSql(connection, shape, only.params, { ...limits, mayWrite: false, longPatterns: true }),
      ),
    ];
  const group = items.map(({ params }) => params);
  return (await runSqlGroup(connection, shape, group, limits)).map(lineOf);
}

const bracesBytes = 2;

const lineOf = ({ rows, text }: SqlResult): string => `${rows} {${text}}`;
