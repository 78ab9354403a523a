// A machine with Docker as the place where a cluster's containers run.
import type { EngineHost } from "../../ports.ts";
import { DockerEngine, type DockerEngineOptions, uidOnEngine } from "./docker-engine.ts";

export const dockerHost = (options: Omit<DockerEngineOptions, "uid">): EngineHost => ({
  uid: () => uidOnEngine(options),
  open: (uid) => new DockerEngine({ ...options, uid }),
});
