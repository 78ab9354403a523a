import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nextRole, type Role, type RoleEvent } from "../../../../worker/lead/role.ts";

const roles: readonly Role[] = ["joining", "slave", "master", "draining", "stopped"];
const events: readonly RoleEvent[] = ["caughtUp", "elected", "drain", "lost", "stop"];

describe("the roles of a worker", () => {
  it("a worker joins, serves, and leads once elected", () => {
    assert.equal(nextRole("joining", "caughtUp"), "slave");
    assert.equal(nextRole("slave", "elected"), "master");
  });
  it("the last worker left leads straight from joining", () => {
    assert.equal(nextRole("joining", "elected"), "master");
  });
  it("a master that lost its session never serves again in this life", () => {
    const after = nextRole("master", "lost");
    assert.equal(after, "stopped");
    for (const event of events) assert.equal(nextRole(after, event), "stopped");
  });
  it("a master is not scaled in", () => {
    assert.equal(nextRole("master", "drain"), "master");
  });
  it("a draining worker is never elected", () => {
    assert.equal(nextRole("draining", "elected"), "draining");
    assert.equal(nextRole("draining", "caughtUp"), "draining");
  });
  it("every role ends by a lost session and by a stop", () => {
    for (const role of roles)
      for (const event of ["lost", "stop"] as const) assert.equal(nextRole(role, event), "stopped");
  });
});
