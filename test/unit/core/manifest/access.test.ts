import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openAccess } from "../../../../core/access.ts";
import { ManifestError } from "../../../../core/manifest/manifest.ts";
import { parseManifest } from "../../../../core/manifest/parse.ts";

const hash = "0123456789abcdef".repeat(4);
const other = "fedcba9876543210".repeat(4);
const manifest = (access: string) =>
  `apiVersion: dbaas.rideshare/v1\nkind: Database\nmetadata:\n  name: rides\nspec:\n  paused: false\n${access}`;
const accessOf = (text: string) => parseManifest(manifest(text)).spec.access;

function problemsOf(text: string): readonly string[] {
  try {
    parseManifest(manifest(text));
    return [];
  } catch (error) {
    assert.ok(error instanceof ManifestError, String(error));
    return error.problems.map(({ line, path, message }) => `${line} ${path}: ${message}`);
  }
}

describe("spec.access", () => {
  it("is open where nothing is said", () => {
    assert.deepEqual(accessOf(""), openAccess);
    assert.deepEqual(accessOf("  access: {}\n"), openAccess);
    assert.deepEqual(accessOf("  access: { tokens: [], rateLimit: {} }\n"), openAccess);
  });

  it("has tokens with a name, a role and a digest", () =>
    assert.deepEqual(accessOf(`  access: { tokens: [{ name: shop, role: writer, sha256: "${hash}" }] }\n`), {
      ...openAccess,
      tokens: [{ name: "shop", role: "writer", sha256: hash }],
    }));

  it("lets as many come at once as in a second, unless it says otherwise", () => {
    assert.deepEqual(accessOf("  access: { rateLimit: { requestsPerSecond: 50 } }\n").rateLimit, {
      perSecond: 50,
      burst: 50,
    });
    assert.deepEqual(accessOf("  access: { rateLimit: { requestsPerSecond: 50, burst: 9 } }\n").rateLimit, {
      perSecond: 50,
      burst: 9,
    });
  });

  it("tells what is wrong with it, with the line", () =>
    assert.deepEqual(
      problemsOf(
        `  access:\n    tokens:\n      - { name: a, role: adminn, sha256: "${hash}" }\n      - { name: "a b", role: admin, sha256: "${other}" }\n    ratelimit: {}\n`,
      ),
      [
        '9 spec.access.tokens[0].role: must be one of reader, writer, admin, not "adminn" (did you mean `admin`?)',
        '10 spec.access.tokens[1].name: must be up to 63 letters, digits, -, . and _, not "a b"',
        "11 spec.access.ratelimit: is not a known field here (did you mean `rateLimit`?)",
      ],
    ));

  it("refuses names and tokens that are there twice", () =>
    assert.deepEqual(
      problemsOf(
        `  access:\n    tokens:\n      - { name: a, role: admin, sha256: "${hash}" }\n      - { name: a, role: admin, sha256: "${other}" }\n      - { name: c, role: admin, sha256: "${hash}" }\n`,
      ),
      [
        "10 spec.access.tokens[1].name: repeats the token `a`",
        "11 spec.access.tokens[2].sha256: is the same token as an earlier one",
      ],
    ));

  it("never repeats a token that was put where its digest belongs", () => {
    const secret = `dbaas_${"ab".repeat(32)}`;
    for (const value of [secret, hash.toUpperCase(), hash.slice(1), `${hash}0`]) {
      const [problem = ""] = problemsOf(
        `  access: { tokens: [{ name: a, role: admin, sha256: "${value}" }] }\n`,
      );
      assert.match(problem, /must be the SHA-256 of a token/);
      assert.ok(!problem.includes(value));
    }
  });
});
