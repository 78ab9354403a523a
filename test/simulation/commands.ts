// Commands as the API leaves them for the controller, and takes them back when it has waited long enough.

import { shortId } from "../../controller/names.ts";
import { type Command, fromJson, toJson } from "../../core/state/znodes.ts";
import type { Cluster } from "./cluster.ts";

export class Commands {
  readonly #cluster: Cluster;
  readonly #left: string[] = [];
  readonly #withdrawn = new Set<string>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    cluster.engine.onStop = (id) => this.#mustBeAsked(id);
  }

  /** @param host whose API is asked */
  leave(what: Pick<Command, "kind">, host = 0): string {
    const { zooKeeper, paths, apis } = this.#cluster;
    const command: Command = { ...what, madeAtMs: apis[host]?.process.wallMs() ?? 0 };
    const path = zooKeeper.create(`${paths.commands}/command-`, toJson(command), null, true) ?? "";
    this.#left.push(path);
    return path;
  }

  /** Its client is told that nothing was done, unless the controller has begun. */
  leaveFor(ms: number, what: Pick<Command, "kind">): void {
    const { world, zooKeeper } = this.#cluster;
    const path = this.leave(what);
    world.after(ms, () => {
      if (!zooKeeper.remove(path, 0)) return;
      this.#withdrawn.add(path);
      world.tell("client", `was told that its ${what.kind} was not done`);
    });
  }

  /** In the simulation a worker is only asked to end for a command that stands there with the worker's name in it. */
  #mustBeAsked(id: string): void {
    const { zooKeeper, engine } = this.#cluster;
    const chosen = (path: string) => fromJson<Command>(zooKeeper.nodes.get(path)?.data ?? "")?.chosen;
    const isAsked = this.#left.some((path) => chosen(path)?.container === shortId(id));
    // One that is gone otherwise, with ZooKeeper's data for instance, may have asked for it.
    const areKnown = this.#left.every((path) => zooKeeper.nodes.has(path) || this.#withdrawn.has(path));
    if (this.#withdrawn.size > 0 && areKnown && !isAsked)
      engine.failures.push("a command was carried out of which its client was told that nothing was done");
  }
}
