import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { jsonFrom } from "../../../../api/requests/json-body.ts";
import { refusal } from "./refusals.ts";

describe("the bytes of a body", () => {
  const read = (text: string) => jsonFrom(Buffer.from(text));

  it("keep every digit of a number that a double cannot hold", () => {
    assert.deepEqual(
      read('{"a":12345678901234567890,"b":[-99999999999999999,1.5,7],"c":"12345678901234567890"}'),
      {
        a: "12345678901234567890",
        b: ["-99999999999999999", 1.5, 7],
        c: "12345678901234567890",
      },
    );
    assert.deepEqual(read('{"a":1e999,"b\\"":1e3}'), { a: "1e999", 'b"': 1000 });
  });

  it("are refused when they are not JSON or not UTF-8", () => {
    for (const bytes of [Buffer.from("{"), Buffer.from(""), Buffer.from([0x22, 0xff, 0x22])]) {
      const { code, field } = refusal(() => jsonFrom(bytes), "");
      assert.deepEqual([code, field], ["bad_request", "(body)"]);
    }
  });

  it("are refused by the field's path when half a character stands in a text or a key", () => {
    const half = "\\ud83d";
    const bodies: readonly (readonly [body: string, field: string])[] = [
      [
        `{"op":"insert","table":"users","rows":[{"username":"a"},{"username":"x${half}"}]}`,
        "rows[1].username",
      ],
      [`{"op":"update","table":"users","set":{"password":"${half}x"},"where":"1=1"}`, "set.password"],
      [`{"op":"insert","table":"users","row":{"${half}":1}}`, "row.\ufffd"],
      [`{"table":"users","column":["username","password"],"insert":["a","${half}"]}`, "insert[1]"],
      [`{"table":"users","column":"username,password","insert":"'a','\\uDE00'"}`, "insert"],
      [`{"table":"users","where":{"username":["a","\\ude00\\ud83d"]}}`, "where.username[1]"],
      [`{"table":"users","where":"username = '${half}'"}`, "where"],
      [`"${half}"`, "(body)"],
    ];
    for (const [body, named] of bodies) {
      const { code, field, message } = refusal(() => read(body), "");
      assert.deepEqual([code, field], ["bad_request", named], body);
      assert.match(message, /lone surrogate/);
    }
    assert.deepEqual(read('{"a":"\\ud83d\\ude00","b":"\\\\ud83d"}'), { a: "😀", b: "\\ud83d" });
    const deep = `${"[".repeat(200_000)}"${half}"${"]".repeat(200_000)}`;
    assert.equal(refusal(() => read(deep), "").field?.length, 200);
  });

  it("mean what JSON.parse says wherever that loses nothing", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify({ value, long: "1234567890123456789" });
        const unsafe = /(?<![\d.])-?\d{16,}(?![\d.])/.test(JSON.stringify(value));
        if (!unsafe) assert.deepEqual(read(text), JSON.parse(text));
      }),
    );
  });
});
