// Removes the volumes of one cluster from the engine whose socket it finds, says so by a file, and waits to be stopped. Run by
// `./dbaas down --volumes` on every host of a Swarm.
import { writeFileSync } from "node:fs";
import { request } from "node:http";

const socketPath = "/var/run/docker.sock";
const cluster = process.env.DBAAS_CLUSTER;

/** Of the workers, and of the brokers and ZooKeeper servers. */
const labels = [`dbaas.cluster=${cluster}`, `dbaas.stack=${cluster}`];
const tries = { most: 40, pauseMs: 500 };

const ask = (method, path) =>
  new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path }, async (answer) => {
      let text = "";
      for await (const part of answer) text += part;
      resolve({ status: answer.statusCode, text });
    });
    asked.on("error", reject).end();
  });

const volumesWith = async (label) => {
  const filters = encodeURIComponent(JSON.stringify({ label: [label] }));
  const { text } = await ask("GET", `/volumes?filters=${filters}`);
  return (JSON.parse(text).Volumes ?? []).map(({ Name }) => Name);
};

/** A container that has just ended still holds its volume for a moment. */
async function remove(name) {
  for (let left = tries.most; ; left--) {
    const { status, text } = await ask("DELETE", `/volumes/${name}`);
    if (status < 300 || status === 404) return console.log(`removed ${name}`);
    if (left === 0) throw new Error(`${name}: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, tries.pauseMs));
  }
}

for (const label of labels) for (const name of await volumesWith(label)) await remove(name);

// The health check of its service looks for it.
writeFileSync("/tmp/removed", "");
process.on("SIGTERM", () => process.exit(0));
setInterval(() => {}, 60_000);
