// The copies on the volumes of a fake world, and the rules by which its workers lead: after a restart of the broker the last
// master's copy must be there, without any note of it every copy must be known, and the fullest goes on.
import type { ListedCopy } from "../../../controller/ports.ts";
import { comparePlaces, fullest, holdsAll, nowhere } from "../../../core/log/place.ts";
import type { CopyNode, LogNode, Place, WorkerNode } from "../../../core/state/znodes.ts";

export class FakeCopies {
  /** What is on each volume. */
  readonly volumes = new Map<string, Place>();
  /** What ZooKeeper knows of it. */
  readonly entries = new Map<string, CopyNode>();
  log: LogNode | null = null;
  /** Of the broker: another one after a restart. */
  memory = "broker-1";
  /** Copies below it cannot join the log. */
  trimmedBelow = 0;
  acknowledged: Place = nowhere;
  /** Masters that led without everything acknowledged. */
  readonly lost: string[] = [];

  open(name: string): void {
    this.#set(name, this.place(name));
  }

  list({ worker, host, holds }: ListedCopy, volume: "new" | "existing"): void {
    const known = volume === "new" ? undefined : this.entries.get(worker);
    this.entries.set(worker, { holds, atMs: 0, ...known, host });
  }

  place(name: string): Place {
    return this.volumes.get(name) ?? nowhere;
  }

  #set(name: string, place: Place): void {
    this.volumes.set(name, place);
    this.entries.set(name, { ...this.entries.get(name), holds: place, copyId: `${name}'s`, atMs: 0 });
  }

  /** Why a worker may not lead; null when it may. */
  whyNot(name: string, live: readonly string[], specKnown: boolean): string | null {
    const own = this.place(name);
    const places = live.map((one) => this.place(one));
    if (this.log?.broker === this.memory)
      return own.position >= this.trimmedBelow ? null : "waits for a snapshot";
    if (this.log !== null && this.log.master !== "") {
      const heard = live.includes(this.log.master) && holdsAll(this.place(this.log.master), this.log);
      if (!heard) return `waits for ${this.log.master}`;
    } else {
      if (!specKnown) return "waits for the listing";
      const holds = [...this.entries.values()].map((entry) => entry.holds);
      if (holds.includes(null)) return "waits until every copy is known";
      places.push(...holds.filter((place) => place !== null));
    }
    return comparePlaces(own, fullest(places)) >= 0 ? null : "waits for a fuller copy";
  }

  elected(name: string, epoch: number): void {
    // A worker that joins a whole log reads it to its end first.
    if (this.log?.broker === this.memory) this.#set(name, fullest([this.place(name), this.log]));
    const { position } = this.place(name);
    if (!holdsAll(this.place(name), this.acknowledged)) this.lost.push(`${name} led`);
    this.#write(name, { epoch, position: position + 1 }, []);
  }

  write(master: string, epoch: number, slaves: readonly string[]): void {
    this.#write(master, { epoch, position: this.place(master).position + 1 }, slaves);
    this.acknowledged = this.place(master);
  }

  #write(master: string, place: Place, slaves: readonly string[]): void {
    this.log = { broker: this.memory, master, ...place };
    for (const name of [master, ...slaves]) this.#set(name, place);
  }

  follow(name: string, master: string): void {
    this.#set(name, this.place(master));
  }

  told(name: string, node: WorkerNode, waiting: string | null): WorkerNode {
    const { waiting: _, ...rest } = node;
    return {
      ...rest,
      copyId: `${name}'s`,
      ...this.place(name),
      eligible: waiting === null,
      ...(waiting === null ? {} : { waiting }),
    };
  }
}
