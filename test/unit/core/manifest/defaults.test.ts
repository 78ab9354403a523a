import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { completeSpec, defaultSpec } from "../../../../core/manifest/defaults.ts";
import { specSchema } from "../../../../core/manifest/spec-schema.ts";
import { specsThatLackOne } from "../../../support/default-spec.ts";

describe("the defaults of the manifest's fields", () => {
  it("are what the parser makes of a manifest that states nothing", () =>
    assert.deepEqual(defaultSpec, specSchema.parse({})));

  for (const { field, spec } of specsThatLackOne())
    it(`stand for ${field} in a spec without it`, () => assert.deepEqual(completeSpec(spec), defaultSpec));

  it("leave everything else as it is, also what this version does not know", () => {
    const requests = { ...defaultSpec.requests, timeoutMs: 7, invented: 8 };
    const { paused, ...others } = { ...defaultSpec, requests };
    assert.deepEqual(completeSpec(others), { ...defaultSpec, requests });
  });

  it("mean in a spec what they mean in a manifest: as many requests at once as in a second", () => {
    const { rateLimit } = completeSpec({ access: { rateLimit: { perSecond: 9 } } }).access;
    assert.deepEqual(rateLimit, { perSecond: 9, burst: 9 });
    assert.deepEqual(
      specSchema.parse({ access: { rateLimit: { requestsPerSecond: 9 } } }).access.rateLimit,
      rateLimit,
    );
  });
});
