// The main job on real input: RideShare's whole contract on the real service, and its data while workers are being killed.
// Runs against addresses it is told:
//   RIDESHARE_URL        the load balancer        RIDESHARE_USERS_URL  the users microservice itself
//   SERVICE_URL          the database service, for killing its workers
import { concurrencyContract } from "../unit/rideshare/contract/concurrency-contract.ts";
import { ridesContract } from "../unit/rideshare/contract/rides-contract.ts";
import { usersContract } from "../unit/rideshare/contract/users-contract.ts";
import { survivalContract } from "./rideshare-survival.ts";

const address = (name: string): URL => {
  const text = process.env[name];
  if (text === undefined || !URL.canParse(text))
    throw new Error(`${name} must hold the address of a running system, such as http://127.0.0.1:8080`);
  return new URL(text);
};

const addresses = {
  rideshare: address("RIDESHARE_URL"),
  users: address("RIDESHARE_USERS_URL"),
  service: address("SERVICE_URL"),
};
const world = {
  rideshare: () => addresses.rideshare,
  users: () => addresses.users,
  service: () => addresses.service,
};

usersContract(world);
ridesContract(world);
concurrencyContract(world, 40);
survivalContract(world);
