import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { catalogue } from "../../../../tools/torture/faults/catalogue.ts";

const document = readFileSync(new URL("../../../../docs/reliability.md", import.meta.url), "utf8");

it("the table of docs/reliability.md names every fault, and none that does not exist", () => {
  const rows = document.matchAll(/^\| \d+ \|[^|]*\|([^|]*)\|/gm);
  const named = [...rows].flatMap(([, shownBy = ""]) =>
    [...shownBy.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name),
  );
  assert.deepEqual([...new Set(named)].sort(), catalogue.map(({ name }) => name).sort());
});
