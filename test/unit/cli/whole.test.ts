import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { CliError } from "../../../cli/exit.ts";
import { requireWhole, withMark } from "../../../cli/whole.ts";

const digest = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
const text = "\ufeffname: größe\n";

describe("a manifest on its way", () => {
  it("is taken as it is when its checksum fits, or none was given", () => {
    assert.equal(requireWhole(Buffer.from(text), digest(Buffer.from(text))), text);
    assert.equal(requireWhole(Buffer.from(text), undefined), text);
  });

  it("is refused when a part of it is missing, at its end or anywhere", () => {
    const whole = Buffer.from(text);
    for (let cut = 0; cut < whole.length; cut++) {
      assert.throws(() => requireWhole(whole.subarray(0, cut), digest(whole)), CliError);
      const without = Buffer.concat([whole.subarray(0, cut), whole.subarray(cut + 1)]);
      assert.throws(() => requireWhole(without, digest(whole)), CliError);
    }
  });

  it("is refused by that name when it is no text", () => {
    const bytes = Buffer.from([0x61, 0xff]);
    assert.throws(() => requireWhole(bytes, digest(bytes)), /not valid UTF-8/);
  });

  it("goes back with a last line that tells its length in bytes and its checksum", () => {
    const bytes = Buffer.from("größe");
    assert.equal(withMark("größe"), `größe\nwhole 7 ${digest(bytes)}\n`);
  });
});
