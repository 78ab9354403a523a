// Nodes of a session with a user are for that user alone, also after the connection was lost and found again.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { createLog } from "../../platform/telemetry/log.ts";
import { ZooKeeperSession } from "../../platform/zookeeper/zookeeper.ts";
import { until } from "./api-world.ts";
import { zooKeeperServers } from "./services.ts";
import { Wire } from "./wire.ts";

const log = createLog({ program: "test", format: "text", level: "warn" });
const root = `/rights-${randomBytes(5).toString("hex")}`;
const user = "owner:right-password";

const open = (servers: string) => ZooKeeperSession.open({ servers, sessionTimeoutMs: 60_000, log });

let owner: ZooKeeperSession;
let wire: Wire;
before(async () => {
  const [host = "", port = "2181"] = zooKeeperServers().split(":");
  wire = await Wire.to(host, Number(port));
  owner = await open(`${user}@127.0.0.1:${wire.port}`);
  await owner.ensure(`${root}/parent`, "of the owner");
  await owner.create(`${root}/parent/ephemeral`, "here", { ephemeral: true });
});
after(async () => {
  for (const name of await owner.children(`${root}/parent`)) await owner.remove(`${root}/parent/${name}`);
  await owner.remove(`${root}/parent`);
  await owner.remove(root);
  owner.close();
  wire.close();
});

/** Every way in, each of which must be refused. */
async function assertShutOut(stranger: ZooKeeperSession): Promise<void> {
  const attempts: Readonly<Record<string, () => Promise<unknown>>> = {
    read: () => stranger.get(`${root}/parent`),
    "read an ephemeral": () => stranger.get(`${root}/parent/ephemeral`),
    list: () => stranger.children(`${root}/parent`),
    change: () => stranger.set(`${root}/parent`, "of a stranger"),
    "change an ephemeral": () => stranger.set(`${root}/parent/ephemeral`, "of a stranger"),
    "add a node": () => stranger.create(`${root}/parent/added`, ""),
    "take the place of a node": () => stranger.remove(`${root}/parent/ephemeral`),
    "add beside": () => stranger.create(`${root}/beside`, ""),
  };
  for (const [what, attempt] of Object.entries(attempts)) await assert.rejects(attempt, /\(-102\)/, what);
}

test("nobody without a user gets at them", async () => {
  const anonymous = await open(zooKeeperServers());
  try {
    await assertShutOut(anonymous);
  } finally {
    anonymous.close();
  }
});

test("nor does another user, or the right one with another password", async () => {
  for (const credentials of ["stranger:right-password", "owner:wrong-password"]) {
    const stranger = await open(`${credentials}@${zooKeeperServers()}`);
    try {
      await assertShutOut(stranger);
      await assert.rejects(() => stranger.protect(`${root}/parent`), /\(-102\)/, "take the rights");
    } finally {
      stranger.close();
    }
  }
});

test("another session of the same user does", async () => {
  const same = await open(`${user}@${zooKeeperServers()}`);
  try {
    assert.equal((await same.get(`${root}/parent`))?.data, "of the owner");
    assert.equal(await same.set(`${root}/parent`, "of the owner"), true);
    const made = await same.create(`${root}/parent/command-`, "", { sequential: true });
    assert.ok(made !== null);
    const third = await open(zooKeeperServers());
    await assert.rejects(() => third.get(made), /\(-102\)/).finally(() => third.close());
  } finally {
    same.close();
  }
});

test("the user is known again after a lost connection", async () => {
  wire.cut();
  wire.mend();
  await until("the session goes on", () =>
    owner.get(`${root}/parent`).then(
      (node) => node?.data === "of the owner",
      () => false,
    ),
  );
  await owner.create(`${root}/parent/after`, "");
  assert.equal(owner.silent.aborted, false);
});

test("what was open before is closed by protecting the tree", async () => {
  const earlier = await open(zooKeeperServers());
  const place = `/rights-${randomBytes(5).toString("hex")}`;
  try {
    await earlier.ensure(`${place}/a/b`, "open");
    const later = await open(`${user}@${zooKeeperServers()}`);
    await later.protect(place);
    for (const path of [place, `${place}/a`, `${place}/a/b`])
      await assert.rejects(() => earlier.get(path), /\(-102\)/, path);
    for (const path of [`${place}/a/b`, `${place}/a`, place]) await later.remove(path);
    later.close();
  } finally {
    earlier.close();
  }
});
