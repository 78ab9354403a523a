// The accepted manifest that a controller finds, which one of another version may have published.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { emptyMemory } from "../../../../controller/reconcile/memory.ts";
import { reconcile } from "../../../../controller/reconcile/reconcile.ts";
import { specsThatLackOne } from "../../../support/default-spec.ts";
import { Controller, pidsFrom } from "../fake-controller.ts";
import { FakeWorld } from "../fake-world.ts";
import { spec } from "../makers.ts";

describe("a manifest that an earlier controller published without a newer field", () => {
  for (const { field, spec: written } of specsThatLackOne())
    it(`is published anew with ${field}`, async () => {
      const world = new FakeWorld(pidsFrom(1));
      world.spec = spec();
      world.specNode = { generation: 3, spec: written };
      await new Controller(world).cycle();
      assert.deepEqual(world.specNode, { generation: 4, spec: spec() });
    });

  it("holds with the default until there is a manifest that can be read", async () => {
    const world = new FakeWorld(pidsFrom(1));
    const { requests, ...others } = spec();
    world.specNode = { generation: 3, spec: others };
    const { intent } = await reconcile({ ...world.controller(), spec: () => null }, emptyMemory);
    assert.deepEqual(intent?.spec, spec());
  });
});
