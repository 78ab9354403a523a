// The znode that says what is known to be acknowledged. Every writer changes it only as it has read it, so that neither a
// master that was replaced nor a vote on an older state overwrites what a later master wrote.
import { TransientError } from "../../core/errors.ts";
import { copyIdsOf, type NamedCopy } from "../../core/rules/copy-ids.ts";
import { fromJson, type LogNode, type Paths, type Place, toJson } from "../../core/state/znodes.ts";
import type { ZnodeSession } from "../../platform/zookeeper/port.ts";
import type { SeenMemory } from "./seen-memory.ts";

const attemptsMax = 5;

export interface KnownLog {
  readonly node: LogNode | null;
  /** -1 when there is no node. */
  readonly version: number;
}

export class AcknowledgedLog {
  readonly #session: Pick<ZnodeSession, "get" | "set" | "create">;
  readonly #path: string;
  readonly #master: string;
  readonly #memory: Pick<SeenMemory, "toNote">;
  #known: KnownLog | undefined;

  constructor(
    session: Pick<ZnodeSession, "get" | "set" | "create">,
    paths: Paths,
    { name, memory }: { readonly name: string; readonly memory: Pick<SeenMemory, "toNote"> },
  ) {
    this.#session = session;
    this.#path = paths.log;
    this.#master = name;
    this.#memory = memory;
  }

  async read(): Promise<KnownLog> {
    const content = await this.#session.get(this.#path);
    this.#known =
      content === null
        ? { node: null, version: -1 }
        : { node: fromJson<LogNode>(content.data), version: content.stat.version };
    return this.#known;
  }

  /** The broker's memory id as it was noted; undefined while nothing is known to be. */
  get memory(): string | undefined {
    return this.#known?.node?.broker;
  }

  /** Whether an id that has changed is to be noted: one whose broker is proven to have what the others have. */
  get isOutdated(): boolean {
    const noted = this.memory;
    return noted !== undefined && this.#memory.toNote(noted) !== noted;
  }

  /** @returns false when it was changed since it was read */
  async replace({ version }: KnownLog, node: LogNode): Promise<boolean> {
    if (version < 0) return (await this.#session.create(this.#path, toJson(node))) !== null;
    return this.#session.set(this.#path, toJson(node), version);
  }

  /**
   * This worker leads, or has led, up to `place`, and its copy holds everything acknowledged.
   * @param copyId of its own copy
   * @param witnesses on other hosts, of which one at least holds it as well; none where there is but one host
   * @param isFinal no write was answered beyond `place`, and none will be; the next master's note does not keep that
   * @throws TransientError when a later master has written here
   */
  async hasLed(
    { epoch, position }: Place,
    copyId: string,
    witnesses: readonly NamedCopy[],
    isFinal = false,
  ): Promise<void> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const known = this.#known ?? (await this.read());
      if (known.node !== null && known.node.epoch > epoch)
        throw new TransientError(`epoch ${known.node.epoch} has begun, this master is of epoch ${epoch}`);
      // A mastership ends, too, when the broker has forgotten: its last word proves nothing of the memory that the broker has now.
      const broker =
        isFinal && known.node !== null ? known.node.broker : this.#memory.toNote(known.node?.broker ?? null);
      const listed = witnesses.length === 0 ? {} : { witnesses: witnesses.map(({ name }) => name) };
      const ids = copyIdsOf([{ name: this.#master, copyId }, ...witnesses]);
      const last = isFinal ? { final: true as const } : {};
      const node: LogNode = { broker, master: this.#master, epoch, position, ...listed, ...ids, ...last };
      if (await this.replace(known, node)) {
        this.#known = { node, version: known.version + 1 };
        return;
      }
      this.#known = undefined;
    }
    throw new TransientError("could not write down what is acknowledged");
  }
}
