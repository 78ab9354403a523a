// While a backup is being restored, only the one who restores it is served: everybody else would see, or write between, the half of
// it that is there. The mark stands in ZooKeeper, so a restore that was broken off stays one until it is repeated or ended.
import { Refusal } from "../../core/errors.ts";
import { fromJson, type Paths, type RestoreNode, toJson } from "../../core/state/znodes.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { keepLooking, type Watched, type Znodes } from "./znodes.ts";

/** By which the one who restores is told from the others. */
export const attemptHeader = "x-dbaas-restore";

export class Restoring {
  /** Of the restore under way: what its requests bear in their header. Asked for each request, so it is a plain field. */
  attempt: string | undefined;
  readonly #path: string;

  constructor({ restore }: Paths) {
    this.#path = restore;
  }

  /** For a request whose header is not the attempt's. */
  refusal(): Refusal {
    return this.attempt === undefined
      ? new Refusal("bad_request", "is of no restore that is under way", "X-DBaaS-Restore")
      : new Refusal("unavailable", "a backup is being restored, and was not restored to its end yet");
  }

  /** What stands in ZooKeeper, whoever began it. */
  async look(znodes: Pick<Znodes, "get">): Promise<RestoreNode | null> {
    const node = await znodes.get(this.#path);
    const found = node === null ? null : fromJson<RestoreNode>(node.data);
    this.attempt = found?.attempt;
    return found;
  }

  /** In the place of one that was begun before. */
  async begin(znodes: Znodes, attempt: string, clock: Clock): Promise<RestoreNode> {
    const node: RestoreNode = { attempt, atMs: clock.wallMs() };
    await znodes.put(this.#path, toJson(node));
    this.attempt = attempt;
    return node;
  }

  /** @returns false when another one is under way */
  async end(znodes: Znodes, attempt: string): Promise<boolean> {
    const found = await this.look(znodes);
    if (found !== null && found.attempt !== attempt) return false;
    if (found !== null) await znodes.remove(this.#path);
    this.attempt = undefined;
    return true;
  }

  watch(watched: Watched): Promise<void> {
    return keepLooking(watched, "node", this.#path, async () => {
      await this.look(watched.znodes);
    });
  }
}
