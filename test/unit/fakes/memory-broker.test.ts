import { queues } from "../../../core/messages/queues.ts";
import { brokerContract } from "../../contract/broker-contract.ts";
import { Link } from "../../fakes/link.ts";
import { MemoryBroker } from "../../fakes/memory-broker.ts";
import { runningWorld } from "../../fakes/running-world.ts";
import { VirtualProcess } from "../../fakes/virtual-process.ts";

const { world, stop } = runningWorld(1);
const broker = new MemoryBroker(world, queues.sync, [
  queues.read,
  queues.write,
  queues.response,
  queues.dead,
]);
const link = new Link(world, "test", 3);

brokerContract("in memory", {
  open: async () => undefined,
  connect: async () => broker.connect(new VirtualProcess(world, "test"), link),
  close: async () => stop(),
});
