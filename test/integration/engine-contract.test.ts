import { dockerOpener } from "../../controller/engines/docker/docker-opener.ts";
import { containerName } from "../../controller/names.ts";
import { engineContract, hasCommand, noNotes } from "../contract/engine-contract.ts";
import { docker, removeCluster, workerImage } from "./controller-containers.ts";
import { uniqueCluster } from "./services.ts";

const cluster = uniqueCluster();
const image = workerImage();

engineContract("plain Docker", {
  cluster,
  image,
  network: "bridge",
  command: ["sh", "-c", "echo begun; exec sleep 600"],
  words: "begun",
  open: async () => ({
    opener: dockerOpener({ socketPath: "/var/run/docker.sock", cluster, image, self: "no-container" }),
    notes: noNotes,
  }),
  crash: async ({ id }) => void (await docker("kill", id)),
  removeVolume: async (worker) => void (await docker("volume", "rm", containerName(cluster, worker))),
  hasBegun: async ({ id }) => hasCommand(await docker("top", id)),
  close: () => removeCluster(cluster),
});
