// What SQL of clients has made beside the manifest's tables, as the copy's own schema says it.
import type { Schema } from "../../core/schema.ts";
import type { Connection } from "../disk.ts";

const namesOf = ({ tables }: Schema): string => JSON.stringify(tables.map(({ name }) => name));

/** Not ours, not SQLite's, and not the manifest's, whose names are `?1`. */
const bySql =
  "type = 'table' AND name NOT LIKE '\\_dbaas%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' " +
  "AND name NOT IN (SELECT value FROM json_each(?1))";

/** Their names, in an order in which each stands before those that it refers to, where there is one. */
export async function tablesBySql(connection: Connection, schema: Schema): Promise<readonly string[]> {
  const names = namesOf(schema);
  const made = await connection.all(`SELECT name FROM sqlite_schema WHERE ${bySql} ORDER BY name`, names);
  if (made.length === 0) return [];
  const references = await connection.all(
    `SELECT child.name AS child, lower(parent."table") AS parent
       FROM (SELECT name FROM sqlite_schema WHERE ${bySql}) AS child, pragma_foreign_key_list(child.name) AS parent`,
    names,
  );
  return childrenFirst(
    made.map(({ name }) => String(name)),
    references.map(({ child, parent }) => [String(child), String(parent)]),
  );
}

function childrenFirst(
  names: readonly string[],
  references: readonly (readonly [child: string, parent: string])[],
): readonly string[] {
  const children = new Map<string, string[]>();
  for (const [child, parent] of references) children.set(parent, [...(children.get(parent) ?? []), child]);
  const ordered = new Set<string>();
  const begun = new Set<string>();
  const visit = (name: string): void => {
    if (begun.has(name)) return;
    begun.add(name);
    for (const child of children.get(name.toLowerCase()) ?? []) visit(child);
    ordered.add(name);
  };
  for (const name of names) visit(name);
  return [...ordered];
}

/**
 * Whether more may happen with a row form than it says: a trigger goes off, rows of another table go with those of the manifest's, or
 * must not, or an index compares with a pattern.
 */
export class Reach {
  readonly #connection: Connection;
  /** For which schema of the manifest it was looked for, and what was found. */
  #known: { readonly schema: Schema; readonly further: boolean } | undefined;
  #changing = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async isFurther(schema: Schema): Promise<boolean> {
    // What was changed may be undone again, a part of it for itself.
    if (this.#changing) return true;
    if (this.#known?.schema !== schema)
      this.#known = { schema, further: await reaches(this.#connection, schema) };
    return this.#known.further;
  }

  /** The open transaction changes the schema. */
  changes(): void {
    this.#changing = true;
  }

  /** It is over. */
  settled(): void {
    if (this.#changing) this.#known = undefined;
    this.#changing = false;
  }
}

async function reaches(connection: Connection, schema: Schema): Promise<boolean> {
  const [found] = await connection.all(
    `SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'trigger'
         OR (type = 'index' AND (sql LIKE '%like%' OR sql LIKE '%glob%'))) OR EXISTS (
       SELECT 1 FROM (SELECT name FROM sqlite_schema WHERE ${bySql}) AS child, pragma_foreign_key_list(child.name) AS parent
        WHERE parent."table" COLLATE NOCASE IN (SELECT value FROM json_each(?1))) AS found`,
    namesOf(schema),
  );
  return found?.found === 1;
}
