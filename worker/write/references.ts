// `PRAGMA foreign_keys` and `defer_foreign_keys`, which tools send around a migration. In SQLite they belong to a connection; here they
// hold from there to the end of the request that they stand in, and in its end no reference may be left that leads nowhere.
import { Refusal } from "../../core/errors.ts";
import type { WriteShape } from "../../core/messages/statement.ts";
import type { Connection } from "../disk.ts";
import type { References } from "../sql/run-sql.ts";

const form =
  /^[\s;]*pragma\s+(?:main\s*\.\s*)?(foreign_keys|defer_foreign_keys)\s*(?:=\s*|\(\s*)(?:(on|true|yes|1)|off|false|no|0)\s*\)?[\s;]*$/i;

/** @returns what the statement asks for; undefined for any other */
export function referencesAsked(shape: WriteShape): References | undefined {
  const asked = shape.kind === "sql" ? form.exec(shape.sql) : null;
  if (asked === null) return undefined;
  const isOn = asked[2] !== undefined;
  if (asked[1]?.toLowerCase() === "foreign_keys") return isOn ? "on" : "off";
  return isOn ? "deferred" : "on";
}

/** @throws Refusal where it would have to hold for more than its own request */
export function mustBeOn(asked: References): void {
  if (asked === "on") return;
  throw new Refusal(
    "bad_request",
    "holds for the request that it stands in: send it in `statements`, before those that it is for",
    "sql",
    "SQLITE_AUTH",
  );
}

/** Reads all that refers to anything. @throws Refusal */
export async function mustLeadSomewhere(writer: Connection): Promise<void> {
  const [broken] = await writer.all('SELECT "table" AS child, parent FROM pragma_foreign_key_check LIMIT 1');
  if (broken === undefined) return;
  const message = `FOREIGN KEY constraint failed: a row of ${broken.child} refers to one of ${broken.parent} that is not there`;
  throw new Refusal("constraint_violation", message);
}
