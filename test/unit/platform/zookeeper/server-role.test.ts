import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { lackOfMajority } from "../../../../platform/zookeeper/ensemble.ts";
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

  it("waits while it does not serve", async (t) => {
    const waiting = "This ZooKeeper instance is not currently serving requests\n";
    assert.equal(await serverRole(await answering(t, waiting)), "waits");
  });

  it("is away where nothing listens", async () => assert.equal(await serverRole("127.0.0.1:1"), "away"));
});

describe("an ensemble without a session", () => {
  const [follows, waits] = [
    "Mode: follower\n",
    "This ZooKeeper instance is not currently serving requests\n",
  ];

  it("is told server by server, with how many are needed", async (t) => {
    const servers = `u:p@${await answering(t, waits)},127.0.0.1:1,${await answering(t, follows)}/dbaas`;
    const told = "127.0.0.1 waits for others, 127.0.0.1 does not answer; 2 of 3 are needed";
    assert.equal(await lackOfMajority(servers), told);
  });

  it("lacks nothing where a majority serves", async (t) =>
    assert.equal(
      await lackOfMajority(`${await answering(t, follows)},127.0.0.1:1,${await answering(t, follows)}`),
      null,
    ));

  it("of one server is not told of", async () => assert.equal(await lackOfMajority("127.0.0.1:1"), null));
});
