// The bodies a client may send, by the names under which they are described. The schemas are those that requests are held
// against; the examples are carried out by the tests.
import { z } from "zod";
import { statementLimits } from "../../core/messages/statement.ts";
import * as schemas from "../requests/schemas.ts";
import type { Example, JsonSchema } from "./json-schema.ts";

interface Body {
  readonly schema: z.ZodType;
  readonly description: string;
  readonly examples: Readonly<Record<string, Example>>;
}

const reads = {
  Select: {
    schema: schemas.selectBody,
    description:
      "Rows of a table. Without `columns` all of them; without `orderBy` in no order to rely on. " +
      `An answer of more than ${statementLimits.rowsMax} rows is refused: \`limit\` and \`offset\` page.`,
    examples: {
      select: {
        summary: "Some columns of some rows, in order",
        value: {
          table: "rides",
          columns: ["ride_id", "created_by"],
          where: { source: 3, timestamp: { ">=": "2026-01-01" } },
          orderBy: "ride_id desc",
          limit: 10,
        },
      },
      strong: {
        summary: "Every write that was answered before is seen",
        value: { table: "users", where: "username = 'asha'", consistency: "strong" },
      },
      columnText: {
        summary: "As earlier clients wrote it",
        value: { table: "users", column: "username,password", condition: "username='asha'" },
      },
    },
  },
  Count: {
    schema: schemas.countBody,
    description: "How many rows there are.",
    examples: {
      count: { summary: "Count rows", value: { table: "rides", count: true, where: { created_by: "asha" } } },
    },
  },
  Sql: {
    schema: schemas.sqlReadBody,
    description: "One statement of SQL that only reads. Its answer has columns, and rows as lists.",
    examples: {
      sql: {
        summary: "SQL that reads",
        value: {
          sql: "SELECT created_by, count(*) AS rides FROM rides WHERE source = ? GROUP BY created_by ORDER BY 2 DESC",
          params: [3],
        },
      },
      sqlNamed: {
        summary: "SQL with named parameters",
        value: { sql: "SELECT * FROM users WHERE username = :name", params: { name: "asha" } },
      },
    },
  },
} satisfies Record<Capitalize<keyof typeof schemas.readBodies>, Body>;

const writes = {
  Insert: {
    schema: schemas.insertBody,
    description: "Adds rows, all or none.",
    examples: {
      insert: {
        summary: "Insert rows",
        value: {
          op: "insert",
          table: "users",
          rows: [
            { username: "asha", password: "3d725109c7e7c0bfb9d709836735b56d943d263f" },
            { username: "ben", password: "8cb2237d0679ca88db6464eac60da96345513964" },
          ],
        },
      },
    },
  },
  Upsert: {
    schema: schemas.upsertBody,
    description: "Adds rows; one whose primary key is there already takes that one's place.",
    examples: {
      upsert: {
        summary: "Insert, or update by the primary key",
        value: { op: "upsert", table: "users", row: { username: "asha", password: "9f1c" } },
      },
    },
  },
  Update: {
    schema: schemas.updateBody,
    description: "Changes all rows of which the condition holds. `1=1` stands for every row.",
    examples: {
      update: {
        summary: "Update rows",
        value: { op: "update", table: "rides", set: { destination: 7 }, where: { ride_id: 3 } },
      },
    },
  },
  Delete: {
    schema: schemas.deleteBody,
    description: "Deletes all rows of which the condition holds. `1=1` stands for every row.",
    examples: {
      delete: {
        summary: "Delete rows",
        value: { op: "delete", table: "rides", where: "source = 3 AND timestamp < '2026'" },
      },
    },
  },
} satisfies Record<Capitalize<schemas.WriteOperation>, Body>;

/** What may stand in `statements`: every row form, and SQL. */
export type StatementName = keyof typeof writes | "SqlWrite";
export const statementNames = (["SqlWrite"] as StatementName[]).concat(
  Object.keys(writes) as (keyof typeof writes)[],
);

/** Those that name no operation. */
const sqlWrites = {
  SqlWrite: {
    schema: schemas.sqlWriteBody,
    description:
      "One statement of SQL, all of it or nothing. `CREATE`, `ALTER` and `DROP` need the role that the manifest's `requests.schemaBySql` names.",
    examples: {
      sqlWrite: {
        summary: "SQL that writes",
        value: {
          sql: "UPDATE rides SET destination = destination + 1 WHERE ride_id = ? RETURNING destination",
          params: [3],
        },
      },
      sqlExpect: {
        summary: "Only if it changes so many rows",
        value: {
          sql: "DELETE FROM users WHERE username = :name",
          params: { name: "ben" },
          expect: { rowsAffected: 0 },
        },
      },
    },
  },
  Statements: {
    schema: schemas.statementsBody,
    description:
      "Several statements, SQL and row forms, in their order: all of them or nothing. Its answer has a result for each.",
    examples: {
      statements: {
        summary: "Several statements that succeed or fail together",
        value: {
          statements: [
            { op: "upsert", table: "users", row: { username: "cleo", password: "9f1c" } },
            {
              sql: "UPDATE users SET password = ? WHERE username = ? RETURNING username",
              params: ["77de", "cleo"],
              expect: { rowsAffected: 1 },
            },
          ],
        },
      },
    },
  },
} satisfies Record<"SqlWrite" | "Statements", Body>;

/** They stay, and are no part of the client. */
const earlierWrites = {
  ColumnInsert: {
    schema: schemas.columnInsertBody,
    description: "As earlier clients insert: columns and their values beside each other.",
    examples: {
      columnInsert: {
        summary: "Earlier form: insert",
        value: { table: "users", column: ["username", "password"], insert: ["asha", "3d72"] },
      },
      columnInsertText: {
        summary: "Earlier form: insert, as texts",
        value: { table: "users", column: "username,password", insert: "'asha','3d72'" },
      },
    },
  },
  ColumnDelete: {
    schema: schemas.columnDeleteBody,
    description: "As earlier clients delete: by a condition, or by a column and its value.",
    examples: {
      columnDelete: {
        summary: "Earlier form: delete",
        value: { table: "rides", column: "ride_id", delete: 7 },
      },
      columnDeleteText: {
        summary: "Earlier form: delete by a condition",
        value: { table: "users", delete: "username = 'asha'" },
      },
    },
  },
  QueryInsert: {
    schema: schemas.queryInsertBody,
    description: "As some clients insert.",
    examples: {
      queryInsert: {
        summary: "Earlier form: query insert",
        value: { query: "insert", table: "users", values: { username: "asha", password: "3d72" } },
      },
    },
  },
  QueryUpdate: {
    schema: schemas.queryUpdateBody,
    description: "As some clients update.",
    examples: {
      queryUpdate: {
        summary: "Earlier form: query update",
        value: {
          query: "update",
          table: "users",
          values: { password: "3d72" },
          condition: { username: "asha" },
        },
      },
    },
  },
  QueryDelete: {
    schema: schemas.queryDeleteBody,
    description: "As some clients delete.",
    examples: {
      queryDelete: {
        summary: "Earlier form: query delete",
        value: { query: "delete", table: "users", condition: { username: "asha" } },
      },
    },
  },
} satisfies Record<string, Body>;

const bodies: Readonly<Record<string, Body>> = {
  ...reads,
  ...writes,
  ...sqlWrites,
  ...earlierWrites,
};

export const readBodyNames = Object.keys(reads);
export const writeBodyNames = Object.keys({ ...writes, ...sqlWrites, ...earlierWrites });
/** Without the earlier forms. SQL that reads is answered otherwise than the other reads, and a call of its own. */
export const clientBodies = {
  reads: readBodyNames.filter((name) => name !== ("Sql" satisfies keyof typeof reads)),
  writes: Object.keys({ ...writes, ...sqlWrites }),
} as const;

export const examplesOf = (names: readonly string[]): Readonly<Record<string, Example>> =>
  Object.assign({}, ...names.map((name) => bodies[name]?.examples));

export const bodySchemas: Readonly<Record<string, JsonSchema>> = Object.fromEntries(
  Object.entries(bodies).map(([name, { schema, description }]) => [
    name,
    { description, ...jsonSchemaOf(schema, "input") },
  ]),
);

/** @param side what is sent to the validator, or what comes out of it */
export function jsonSchemaOf(schema: z.ZodType, side: "input" | "output"): JsonSchema {
  const { $schema, "~standard": standard, ...rest } = z.toJSONSchema(schema, { io: side });
  return rest as JsonSchema;
}
