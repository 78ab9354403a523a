// The whole contract of RideShare, on the real microservices over a fake database service.
import { after, before } from "node:test";
import { concurrencyContract } from "./contract/concurrency-contract.ts";
import { ridesContract } from "./contract/rides-contract.ts";
import { usersContract } from "./contract/users-contract.ts";
import { type FakeWorld, startFakeWorld } from "./fake-world.ts";

let world: FakeWorld | undefined;

before(async () => {
  world = await startFakeWorld();
});
after(() => world?.stop());

const started = (): FakeWorld => {
  if (world === undefined) throw new Error("the world has not been started");
  return world;
};
const lazy = { rideshare: () => started().rideshare(), users: () => started().users() };

usersContract(lazy);
ridesContract(lazy);
concurrencyContract(lazy, 10);
