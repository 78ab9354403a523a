import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressesOf, addressIn } from "../../../../platform/zookeeper/address.ts";

const withinMs = 20_000;
const addresses = (servers: string) => addressesOf(addressIn(servers), withinMs);

describe("the addresses of ZooKeeper's servers", () => {
  it("are those that were given, where no names are", async () => {
    assert.equal(await addresses("127.0.0.2:2182,127.0.0.1:2181"), "127.0.0.2:2182,127.0.0.1:2181");
    assert.equal(await addresses("user:password@[::1]:2181"), "::1:2181");
  });

  it("are those of the names that have some, each with the port of its name", async () => {
    const found = (await addresses("localhost:2181,no-such-host.invalid:2182")).split(",");
    assert.ok(found.includes("127.0.0.1:2181") || found.includes("::1:2181"), found.join());
    assert.deepEqual(
      found.filter((one) => !one.endsWith(":2181")),
      [],
    );
  });

  it("are told apart from the place below which everything is to stand, and from each other", async () => {
    const { root } = addressIn("user:password@127.0.0.1:2181,127.0.0.2:2181/a/b");
    assert.equal(root, "/a/b");
    assert.equal(
      await addresses("127.0.0.2:2181, 127.0.0.1:2181,127.0.0.2:2181/a/b"),
      "127.0.0.2:2181,127.0.0.1:2181",
    );
  });

  it("begin with that of the preferred one, and go around the list", async () => {
    const servers = "127.0.0.1:1,127.0.0.2:2,127.0.0.3:3/a";
    assert.equal(
      await addressesOf(addressIn(servers, "127.0.0.2"), withinMs),
      "127.0.0.2:2,127.0.0.3:3,127.0.0.1:1",
    );
    assert.throws(
      () => addressIn(servers, "127.0.0"),
      /^Error: the preferred server of ZooKeeper, 127.0.0, is none of 127.0.0.1:1, 127.0.0.2:2, 127.0.0.3:3$/,
    );
  });

  it("are not there where no name has any", async () => {
    await assert.rejects(
      addresses("no-such-host.invalid:2181,nor-this.invalid:2181"),
      /^TransientError: find ZooKeeper's address, no-such-host.invalid:2181,nor-this.invalid:2181$/,
    );
  });
});
