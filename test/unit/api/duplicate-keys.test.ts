import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { duplicateKeyIn, jsonFrom } from "../../../api/requests/json-body.ts";
import { Refusal } from "../../../core/errors.ts";
import { anyCharacter } from "../../support/characters.ts";

const duplicate = (json: string) => duplicateKeyIn(json, JSON.parse(json));
const refusedField = (text: string) => {
  try {
    jsonFrom(Buffer.from(text));
    return undefined;
  } catch (error) {
    return error instanceof Refusal ? error.field : error;
  }
};

describe("a key that one object has twice", () => {
  for (const [json, path] of [
    ['{"op":"delete","op":"insert"}', "op"],
    ['{"row":{"a":1,"b":2,"a":3}}', "row.a"],
    ['{"rows":[{"a":1},{"a":1, "\\u0061" : 2}]}', "rows[1].a"],
    ['{"where":{"a":{"=":1,"=":2}}}', "where.a.="],
    ['{"a\\"b":1,"a\\"b":2}', 'a"b'],
    ['{"__proto__":1,"__proto__":2}', "__proto__"],
    ['[[{"":1,"":2}]]', "[0][0]."],
    ['{"a":[1,{"x":1}],"b":"a","a":1}', "a"],
  ] as const)
    it(`is named: ${json}`, () => assert.equal(duplicate(json), path));

  it("is not found in what has none", () =>
    fc.assert(
      fc.property(fc.json({ stringUnit: anyCharacter }), (json) => assert.equal(duplicate(json), undefined)),
    ));

  it("is found wherever it is put", () =>
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: anyCharacter }), fc.jsonValue(), { minKeys: 1 }),
        fc.nat(),
        (object, n) => {
          const entries = Object.entries(object).map(
            ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`,
          );
          const twice = `{ ${[...entries, entries[n % entries.length]].join(" , ")} }`;
          assert.equal(duplicate(`[${twice}]`), `[0].${Object.keys(object)[n % entries.length]}`);
        },
      ),
    ));

  it("makes a body a bad request that names it", () => {
    assert.equal(refusedField('{"op":"delete","op":"insert","table":"t"}'), "op");
    assert.equal(refusedField('{"table":"t","where":{"a":12345678901234567890,"a":1}}'), "where.a");
    assert.equal(refusedField('{"a":"\\\\","b":{"a":"x:y"}}'), undefined);
  });

  it("does not make deep nesting a problem", () => {
    const depth = 100_000;
    assert.equal(duplicate(`${"[".repeat(depth)}${"]".repeat(depth)}`), undefined);
    assert.equal(duplicate(`${'{"":'.repeat(depth)}1${"}".repeat(depth)}`), undefined);
  });
});

describe("a byte order mark", () => {
  it("before a body is ignored, anywhere else it is not", () => {
    assert.deepEqual(jsonFrom(Buffer.from('\ufeff{"a":"\ufeffb"}')), { a: "\ufeffb" });
    assert.equal(refusedField('\ufeff\ufeff{"a":1}'), "(body)");
    assert.equal(refusedField('{"a":1}\ufeff'), "(body)");
  });
});
