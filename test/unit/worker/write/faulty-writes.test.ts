// A request at which the program itself makes a mistake. It must be known by name, for it is the one to blame: a mistake that is
// nobody's takes down one master after another.
import assert from "node:assert/strict";
import { it } from "node:test";
import type { WriteStatement } from "../../../../core/messages/statement.ts";
import type { PendingWrite } from "../../../../worker/write/draft.ts";
import { ledgerOf } from "../../../../worker/write/ledger.ts";
import { FaultyWriteError } from "../../../../worker/write/undone-writes.ts";
import { committed, unlimited } from "../../../fakes/commits.ts";
import { contentsOf, insertion, openCopy } from "../copies.ts";
import { shop } from "../schemas.ts";

const faulty = {
  "of no known kind": { kind: "explode", table: "people" },
  "of a kind that every object has by its prototype": { kind: "__proto__", table: "people" },
  "to insert without columns": { kind: "insert", table: "people" },
  "to update without changes": { kind: "update", table: "people" },
  "to delete by an unknown comparison": {
    kind: "delete",
    table: "people",
    where: { op: "resembles", column: "name", param: 0 },
  },
};

const pending = ({ shape, rows }: WriteStatement, index: number): PendingWrite => ({
  shape,
  message: "m",
  item: { index, shape: 0, rows, key: `m#${index}` },
});

const ada = insertion("people", ["name", "age"], ["ada", 36]);

for (const [what, shape] of Object.entries(faulty))
  it(`a request ${what} is named as the faulty one, alone and among others`, async (t) => {
    const bad = { shape, rows: [["x"]] } as unknown as WriteStatement;
    for (const requests of [[bad], [ada, bad], [ada, bad, bad]]) {
      const store = await openCopy(t, shop);
      const before = await contentsOf(store);
      const input = {
        writes: requests.map(pending),
        chores: [],
        epoch: 1,
        atMs: 1_000,
        logMs: 1_000,
        limits: unlimited,
      };
      const append = () => assert.fail("nothing may be appended");
      await assert.rejects(committed(ledgerOf(store), input, append), (error) => {
        assert.ok(error instanceof FaultyWriteError, String(error));
        return error.key === `m#${requests.indexOf(bad)}`;
      });
      assert.deepEqual(await contentsOf(store), before);
    }
  });
