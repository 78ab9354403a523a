// Somebody who reaches the tests' ZooKeeper and is not of the cluster.
import assert from "node:assert/strict";
import { createLog } from "../../platform/telemetry/log.ts";
import { ZooKeeperSession } from "../../platform/zookeeper/zookeeper.ts";
import { seenBirth } from "../../tools/cluster/registry.ts";
import { ports } from "../../tools/cluster/settings.ts";

const log = createLog({ program: "test", format: "text", level: "silent" });

/** @param credentials none, or such as come before the address: `user:password@` */
export const openStranger = (credentials: string): Promise<ZooKeeperSession> =>
  ZooKeeperSession.open({
    servers: `${credentials}127.0.0.1:${ports.zooKeeper}`,
    sessionTimeoutMs: 10_000,
    log,
  });

/** Asserts that the node refuses it. One that went meanwhile, or was made anew, could refuse nothing. */
export async function refusedAt(
  path: string,
  what: string,
  act: () => Promise<unknown>,
  how: RegExp,
): Promise<void> {
  const birth = await seenBirth(path);
  const said = await act().then(() => "nothing was said against it", String);
  if (how.test(said)) return;
  const isStillThere = birth !== null && (await seenBirth(path)) === birth;
  assert.ok(!isStillThere, `${what} ${path}: ${said}`);
}
