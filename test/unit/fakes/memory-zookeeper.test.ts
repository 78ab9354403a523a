import { zooKeeperContract } from "../../contract/zookeeper-contract.ts";
import { Link } from "../../fakes/link.ts";
import { MemoryZooKeeper } from "../../fakes/memory-zookeeper.ts";
import { runningWorld } from "../../fakes/running-world.ts";
import { VirtualProcess } from "../../fakes/virtual-process.ts";

const { world, stop } = runningWorld(1);
const server = new MemoryZooKeeper(world);
const link = new Link(world, "test", 3);

zooKeeperContract("in memory", {
  root: "/test",
  open: async () => undefined,
  connect: async () => server.connect(new VirtualProcess(world, "test"), link, 4_000),
  close: async () => stop(),
});
