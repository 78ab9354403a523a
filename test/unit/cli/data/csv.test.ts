import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CsvReader, csvLine, type Field } from "../../../../cli/data/csv.ts";

function parsed(...pieces: readonly string[]): readonly (readonly Field[])[] {
  const reader = new CsvReader();
  return [...pieces.flatMap((piece) => [...reader.read(piece)]), ...reader.end()];
}

describe("CSV", () => {
  it("is read as RFC 4180 has it, with either kind of line's end", () => {
    assert.deepEqual(parsed('a,"b ""x""",c\r\n1,"two\nlines, one field",\n\n"",x,y'), [
      ["a", 'b "x"', "c"],
      ["1", "two\nlines, one field", null],
      ["", "x", "y"],
    ]);
  });

  it("says where it is none", () => {
    assert.throws(() => parsed('a\n1\n"x'), /unterminated quoted field at the end, line 3/);
    assert.throws(() => parsed('a\n"x"y\n'), /text behind a quoted field, line 2/);
    assert.throws(() => parsed('a\nx"y"\n'), /quote inside a field without quotes, line 2/);
  });

  it("gives back every record that was written, in whatever pieces it comes", () => {
    const value = fc.oneof(
      fc.constant(null),
      fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "ü", "😀", "") }),
    );
    const record = fc.array(value, { minLength: 2, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 5 }), fc.integer({ min: 1, max: 7 }), (records, size) => {
        const whole = records.map(csvLine).join("");
        const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
          whole.slice(i * size, (i + 1) * size),
        );
        const plain = [...whole].length === whole.length ? pieces : [whole];
        assert.deepEqual(parsed(...plain), records);
      }),
    );
  });
});
