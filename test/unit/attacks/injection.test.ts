// What an attacker would put into bodies, all the way from the API's parsers to a real SQLite file: no field of any form
// reaches another table, the schema or a secret, and none makes an error that was not foreseen.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { enough, runs } from "../../support/runs.ts";
import { AttackedCopy, secret, unlessRefused } from "./attacked-copy.ts";
import { hostile, readBody, writeBody } from "./hostile-bodies.ts";

let copy: AttackedCopy;
before(async () => {
  copy = await AttackedCopy.open();
});
after(() => copy.close());

describe("hostile bodies", () => {
  it("as writes change no other table, no schema, and make no unforeseen error", async () => {
    const before = await copy.untouchable();
    let done = 0;
    await fc.assert(
      fc.asyncProperty(writeBody, async (body) => {
        const answer = await unlessRefused(() => copy.write(body));
        if (answer?.ok === true) done += 1;
        assert.notEqual(answer?.code, "internal", JSON.stringify({ body, answer }));
        assert.deepEqual(await copy.untouchable(), before);
      }),
      { numRuns: runs(1_500) },
    );
    assert.ok(done > enough(20), `only ${done} were carried out: the test tests too little`);
  });

  it("as reads see no other table, change nothing, and make no unforeseen error", async () => {
    const before = await copy.untouchable();
    let done = 0;
    await fc.assert(
      fc.asyncProperty(readBody, async (body) => {
        const answer = await unlessRefused(() => copy.read(body));
        if (answer?.ok === true) done += 1;
        assert.ok(answer === undefined || !answer.text.includes(secret), JSON.stringify(body));
        assert.ok(answer === undefined || answer.ok || !answer.text.includes('"internal"'), answer?.text);
      }),
      { numRuns: runs(1_500) },
    );
    assert.deepEqual(await copy.untouchable(), before);
    assert.ok(done > enough(20), `only ${done} were carried out: the test tests too little`);
  });

  it("as values come back as they went in", () =>
    fc.assert(
      fc.asyncProperty(
        hostile.filter((text) => !text.includes("\0")),
        async (note) => {
          const name = copy.freshName;
          assert.deepEqual(
            (await copy.write({ op: "insert", table: "people", row: { name, note } })).ok,
            true,
          );
          for (const condition of [
            { name, note },
            `name = '${name}' AND note = '${note.replaceAll("'", "''")}'`,
          ]) {
            const { text } = await copy.read({ table: "people", columns: ["note"], where: condition });
            assert.deepEqual(JSON.parse(text), [{ note }]);
          }
        },
      ),
      { numRuns: runs(300) },
    ));

  it("cannot name the tables that the service keeps for itself", async () => {
    for (const name of [
      "_dbaas_keys",
      "sqlite_master",
      "sqlite_schema",
      "sqlite_sequence",
      "pragma_table_info",
      "json_each",
    ]) {
      const answer = await copy.read({ table: name });
      assert.deepEqual([answer.ok, answer.text.includes('"unknown_table"')], [false, true], answer.text);
      assert.equal((await copy.write({ op: "delete", table: name, where: "1=1" })).code, "unknown_table");
    }
  });
});

describe("keys that JavaScript gives a meaning", () => {
  const keys = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "__defineGetter__"];

  it("are columns like any other: unknown ones, that change no object", async () => {
    for (const key of keys) {
      // As text: a literal would set the prototype instead of a key.
      const body = (inner: string) =>
        JSON.parse(`{"table":"people",${inner.replaceAll("KEY", JSON.stringify(key))}}`);
      const attempts = [
        () => copy.write(body(`"op":"insert","row":{"name":"x",KEY:"polluted"}`)),
        () => copy.write(body(`"op":"insert","row":{"name":"x",KEY:{"polluted":true}}`)),
        () => copy.write(body(`"op":"update","set":{KEY:"polluted"},"where":"1=1"`)),
        () => copy.write(body(`"op":"delete","where":{KEY:{"=":"polluted"}}`)),
        () => copy.write(body(`"op":"delete","where":{"name":{KEY:"polluted"}}`)),
        () => copy.write(body(`"op":"insert",KEY:{"polluted":true},"row":{"name":"x"}`)),
        () => copy.read(body(`KEY:{"polluted":true}`)),
        () => copy.read(body(`"where":{KEY:"polluted"}`)),
        () => copy.read(body(`"columns":[KEY]`)),
        () => copy.read(body(`"orderBy":[{"column":KEY}]`)),
        () => copy.read(JSON.parse(`{"table":${JSON.stringify(key)}}`)),
      ];
      for (const [i, attempt] of attempts.entries()) {
        const answer = await unlessRefused<{ readonly ok: boolean }>(attempt);
        assert.ok(answer === undefined || !answer.ok, `${key} ${i}: ${JSON.stringify(answer)}`);
      }
      assert.equal(({} as Record<string, unknown>).polluted, undefined);
      assert.equal(Object.getPrototypeOf({}), Object.prototype);
    }
  });
});
