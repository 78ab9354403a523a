// A machine with Docker as the place where a cluster's containers run.
import type { EngineOpener } from "../../ports.ts";
import { DockerEngine, type DockerEngineOptions, uidOnEngine } from "./docker-engine.ts";

export const dockerOpener = (options: Omit<DockerEngineOptions, "uid">): EngineOpener => ({
  uid: () => uidOnEngine(options),
  open: (uid) => new DockerEngine({ ...options, uid }),
});
