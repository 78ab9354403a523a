// PURE. Whether a table's definition has random() or randomblob() in a CHECK: rows that are there could break it at any time. SQLite allows
// it, and from 3.54 on it tells of the functions of a DEFAULT, where chance may be, in the same way as of those of a CHECK.
import { sqlTokens } from "./tokens.ts";

const chance = /^["`[]?random(?:blob)?["`\]]?$/i;

/** @param sql `CREATE TABLE …`, as SQLite keeps it */
export function checksByChance(sql: string): boolean {
  const tokens = [...sqlTokens(sql)].filter(({ kind }) => kind !== "space");
  const texts = tokens.map(({ from, to }) => sql.slice(from, to));
  let inCheck = false;
  let depth = 0;
  for (const [i, text] of texts.entries()) {
    const isCalled = texts[i + 1] === "(";
    if (!inCheck) inCheck = isCalled && text.toLowerCase() === "check";
    else if (text === "(") depth += 1;
    else if (text === ")") {
      depth -= 1;
      inCheck = depth > 0;
    } else if (isCalled && chance.test(text)) return true;
  }
  return false;
}
