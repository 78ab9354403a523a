// A Swarm as the place where a cluster's containers run.
import type { Clock } from "../../../platform/process/clock.ts";
import type { EngineOpener } from "../../ports.ts";
import type { DockerApi } from "../docker/docker-api.ts";
import { uidFromLabels } from "../ownership.ts";
import { SwarmEngine } from "./swarm-engine.ts";
import { labelledService } from "./swarm-formats.ts";
import { SwarmState } from "./swarm-state.ts";

export interface SwarmOpenerOptions {
  /** Of this host's engine, which is a manager. */
  readonly api: DockerApi;
  readonly cluster: string;
  /** The host that this controller runs on. */
  readonly self: string;
  readonly clock: Clock;
}

export function swarmOpener({ api, cluster, self, clock }: SwarmOpenerOptions): EngineOpener {
  const state = new SwarmState(api, cluster);
  return {
    /** A service is the record of a volume, also of one on a host that is away. */
    uid: async (notes) => {
      const [services, hosts] = await Promise.all([state.services(), notes.hosts()]);
      const volumes = [...hosts.values()].flatMap((host) => host.volumes);
      return uidFromLabels(cluster, [...volumes, ...services.map(labelledService)], []);
    },
    open: (uid, notes) => new SwarmEngine({ state, notes, cluster, uid, self, clock }),
  };
}
