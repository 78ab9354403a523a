import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseJson, toJson } from "../../../client/json.ts";
import { anyCharacter } from "../../support/characters.ts";

/** What comes out of JSON, with the whole numbers that a JavaScript number cannot hold as bigints. */
const large = fc
  .bigInt({ min: 2n ** 53n, max: 2n ** 80n })
  .chain((number) => fc.constantFrom(number, -number));
const { value: anything } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    large,
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((one) => !Number.isInteger(one)),
    fc.maxSafeInteger().map((one) => one + 0),
    fc.string({ unit: anyCharacter }),
    fc.constantFrom(
      null,
      true,
      '"9007199254740993"',
      'a\\"9007199254740993',
      "bigint-",
      "[9007199254740993]",
    ),
    fc.array(tie("value")),
    fc.dictionary(fc.string(), tie("value")),
  ),
}));

describe("the client's JSON", () => {
  it("gives back every value, whole numbers of any size among them", () => {
    fc.assert(
      fc.property(anything, (value) => {
        for (const indent of [undefined, 2])
          assert.equal(toJson(parseJson(toJson(value, indent)), indent), toJson(value, indent));
      }),
    );
  });

  it("writes a bigint as the number it is, and reads one where a number would lose digits", () => {
    assert.equal(toJson({ a: 9007199254740993n, b: 1n }), '{"a":9007199254740993,"b":1}');
    assert.deepEqual(
      parseJson('[9007199254740993, -9223372036854775808, 9007199254740991, "9007199254740993"]'),
      [9007199254740993n, -9223372036854775808n, 9007199254740991, "9007199254740993"],
    );
  });

  it("leaves fractions and powers to JavaScript's own numbers", () =>
    assert.deepEqual(
      parseJson("[0.30000000000000004, 12345678901234567e3, 1234567890123456.5]"),
      [0.30000000000000004, 12345678901234567e3, 1234567890123456.5],
    ));

  it("refuses what is not JSON", () => {
    for (const text of ["", "9007199254740993 1", '"9007199254740993', "{9007199254740993:1}", "-"])
      assert.throws(() => parseJson(text), SyntaxError, text);
  });
});
