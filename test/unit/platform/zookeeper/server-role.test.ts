import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { serverRole } from "../../../../platform/zookeeper/server-role.ts";

/** A server that answers whoever asks. @returns its address */
async function answering(t: TestContext, answer: string): Promise<string> {
  const server = createServer((socket) => socket.on("data", () => socket.end(answer)));
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return `127.0.0.1:${address.port}`;
}

describe("a ZooKeeper server", () => {
  for (const [mode, role] of [
    ["leader", "leads"],
    ["follower", "follows"],
    ["standalone", "follows"],
  ] as const)
    it(`${role} as ${mode}`, async (t) =>
      assert.equal(
        await serverRole(await answering(t, `Zookeeper version: 3.8.0\nMode: ${mode}\nNode count: 5\n`)),
        role,
      ));

  it("is away while it waits for the others", async (t) => {
    const waiting = "This ZooKeeper instance is not currently serving requests\n";
    assert.equal(await serverRole(await answering(t, waiting)), "away");
  });

  it("is away where nothing listens", async () => assert.equal(await serverRole("127.0.0.1:1"), "away"));
});
