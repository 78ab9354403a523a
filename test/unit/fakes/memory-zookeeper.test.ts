import { zooKeeperContract } from "../../contract/zookeeper-contract.ts";
import { Link } from "../../fakes/link.ts";
import { MemoryZooKeeper } from "../../fakes/memory-zookeeper.ts";
import { runningWorld } from "../../fakes/running-world.ts";
import { VirtualProcess } from "../../fakes/virtual-process.ts";

const { world, stop } = runningWorld(1);
const server = new MemoryZooKeeper(world);
const link = new Link(world, "test", 3);

const stale = runningWorld(2);
const ensemble = new MemoryZooKeeper(stale.world);
ensemble.staleMsMax = 500;

zooKeeperContract("in memory, of servers that are behind", {
  root: "/test",
  open: async () => undefined,
  connect: async () =>
    ensemble.connect(new VirtualProcess(stale.world, "test"), new Link(stale.world, "test", 3), 4_000),
  close: async () => stale.stop(),
});

zooKeeperContract("in memory", {
  root: "/test",
  open: async () => undefined,
  connect: async () => server.connect(new VirtualProcess(world, "test"), link, 4_000),
  close: async () => stop(),
});
