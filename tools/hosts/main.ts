// Three simulated hosts with a cluster on them, to look at and to play with: `node tools/hosts/main.ts [up|down]`, as root.
// `tools/hosts/hosts.sh` then does with them what the tests do; the line that is printed sets its variables.
import { messageOf } from "../../core/errors.ts";
import { Hosts } from "./hosts.ts";
import { makeSwarm } from "./swarm.ts";
import { whyNoHosts } from "./whether.ts";

const hosts = new Hosts({ name: "dbaas-play", network: "10.98.20" });
const count = 3;
const apiPort = 80;

async function main(command: string): Promise<void> {
  const reason = whyNoHosts();
  if (reason !== null) throw new Error(reason);
  await hosts.prepare();
  await hosts.down();
  if (command === "down") return;
  await hosts.up(count);
  await makeSwarm(hosts, count);
  console.log(hosts.variables());
  console.log(await hosts.dbaas(1, "up", "--swarm"));
  for (let host = 1; host <= count; host++)
    console.log(`host ${host}: http://127.0.0.1:${await hosts.reach(host, apiPort)}`);
  console.log("Interrupt to take them away");
  process.once("SIGINT", () => hosts.down().then(() => process.exit(0)));
}

main(process.argv[2] ?? "up").catch((error: unknown) => {
  console.error(messageOf(error));
  process.exitCode = 1;
});
