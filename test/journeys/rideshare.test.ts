// The main job on real input: RideShare's whole contract on the real service, and its data while workers are being killed.
// `./dbaas example up` puts RideShare beside the tests' cluster.

import { dbaas } from "../../tools/cluster/command.ts";
import { ports } from "../../tools/cluster/settings.ts";
import { useCluster } from "../support/cluster.ts";
import { concurrencyContract } from "../unit/rideshare/contract/concurrency-contract.ts";
import { ridesContract } from "../unit/rideshare/contract/rides-contract.ts";
import { usersContract } from "../unit/rideshare/contract/users-contract.ts";
import { survivalContract } from "./rideshare-survival.ts";

useCluster({ ready: () => dbaas("example", "up"), afterwards: () => dbaas("example", "down") });

const at = (port: number) => () => new URL(`http://127.0.0.1:${port}`);
const world = {
  rideshare: at(ports.rideshare),
  users: at(ports.rideshareUsers),
  service: at(ports.api),
};

usersContract(world);
ridesContract(world);
concurrencyContract(world, 40);
survivalContract(world);
