import { createLog } from "../../protocol/log.ts";
import { pathsOf } from "../../protocol/znodes.ts";
import { ZooKeeperSession } from "../../protocol/zookeeper.ts";
import { zooKeeperContract } from "../contract/zookeeper-contract.ts";
import { uniqueCluster, zooKeeperServers } from "./services.ts";

const log = createLog({ program: "test", format: "text", level: "warn" });

zooKeeperContract("a real one", {
  root: pathsOf(uniqueCluster()).root,
  open: async () => undefined,
  connect: () => ZooKeeperSession.open({ servers: zooKeeperServers(), sessionTimeoutMs: 4_000, log }),
  close: async () => undefined,
});
