// Removes the volumes of one cluster from the engine whose socket it finds, says so by a file, and waits to be stopped. Run by
// `./dbaas down --volumes` on every host of a Swarm.
import { writeFileSync } from "node:fs";
import { request } from "node:http";

const socketPath = "/var/run/docker.sock";
const cluster = process.env.DBAAS_CLUSTER;

/** Of the workers, and of the brokers and ZooKeeper servers. */
const labels = [`dbaas.cluster=${cluster}`, `dbaas.stack=${cluster}`];
/** No container of the cluster runs any more. One that has ended and still holds a volume after ten seconds is nobody's. */
const tries = { most: 120, unforced: 20, pauseMs: 500 };

const ask = (method, path) =>
  new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path }, async (answer) => {
      let text = "";
      for await (const part of answer) text += part;
      resolve({ status: answer.statusCode, text });
    });
    asked.on("error", reject).end();
  });

const filtered = (filters) => `filters=${encodeURIComponent(JSON.stringify(filters))}`;

const volumesWith = async (label) => {
  const { text } = await ask("GET", `/volumes?${filtered({ label: [label] })}`);
  return (JSON.parse(text).Volumes ?? []).map(({ Name }) => Name);
};

/** Its service is gone, and a Swarm may have forgotten it with its host. */
async function removeHolders(volume) {
  const { text } = await ask("GET", `/containers/json?all=true&${filtered({ volume: [volume] })}`);
  for (const { Id } of JSON.parse(text)) await ask("DELETE", `/containers/${Id}?force=true`);
}

/** A container that has just ended still holds its volume for a moment. */
async function remove(name) {
  for (let tried = 1; ; tried++) {
    const { status, text } = await ask("DELETE", `/volumes/${name}`);
    if (status < 300 || status === 404) return console.log(`removed ${name}`);
    if (tried === tries.most) throw new Error(`${name}: ${text}`);
    if (tried >= tries.unforced) await removeHolders(name);
    await new Promise((resolve) => setTimeout(resolve, tries.pauseMs));
  }
}

const names = await Promise.all(labels.map(volumesWith));
await Promise.all(names.flat().map(remove));

// The health check of its service looks for it.
writeFileSync("/tmp/removed", "");
process.on("SIGTERM", () => process.exit(0));
setInterval(() => {}, 60_000);
