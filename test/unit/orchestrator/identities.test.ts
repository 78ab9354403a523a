import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { identitiesIn } from "../../../orchestrator/identities.ts";

const passwd = [
  "root:x:0:0:root:/root:/bin/bash",
  "node:x:1000:1000::/home/node:/bin/bash",
  "controller:x:1001:65534::/home/controller:/usr/sbin/nologin",
  "",
].join("\n");

describe("the orchestrator's programs", () => {
  it("are different users, and only the controller is in the group of the engine's socket", () => {
    assert.deepEqual(identitiesIn(passwd, 998), {
      api: { uid: 1000, gid: 1000 },
      controller: { uid: 1001, gid: 998 },
    });
  });

  it("are not started where the image lacks their users", () => {
    const root = "root:x:0:0:root:/root:/bin/bash\n";
    assert.throws(() => identitiesIn(root, 998), /the image has no user controller/);
    assert.throws(() => identitiesIn(`${root}controller:x:1001:1::\nnode:x::1000::\n`, 998), /no user node/);
  });
});
