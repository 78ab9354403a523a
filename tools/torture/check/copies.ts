// PURE. All copies at one position hold the same.
import type { Copy } from "../../cluster/copies.ts";
import type { Violation } from "../history.ts";

export function checkCopies(copies: readonly Copy[]): readonly Violation[] {
  const [first, ...others] = copies;
  if (first === undefined) return [{ rule: "no copy", evidence: "no worker has one" }];
  return others.flatMap((other) => differences(first, other));
}

function differences(one: Copy, other: Copy): readonly Violation[] {
  if (one.position !== other.position)
    return [
      {
        rule: "copies stand at different positions",
        evidence: `${one.worker} at ${one.position}, ${other.worker} at ${other.position}, though no client writes`,
      },
    ];
  const tables = new Set([...Object.keys(one.tables), ...Object.keys(other.tables)]);
  return [...tables]
    .filter((table) => one.tables[table]?.sha256 !== other.tables[table]?.sha256)
    .map((table) => ({
      rule: "copies differ",
      evidence: `${table} at position ${one.position}: ${one.worker} has ${one.tables[table]?.rows} rows, ${other.worker} has ${other.tables[table]?.rows}`,
    }));
}
