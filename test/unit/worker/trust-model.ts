// A small model of the cluster, without time: workers with files, a log, a broker that forgets, a ZooKeeper that is emptied.
// Whatever happens in it, a worker that is let lead holds every acknowledged write, and once every volume is there, one leads.
import assert from "node:assert/strict";
import { holdsAll, samePlace } from "../../../core/log/place.ts";
import { isReplaced } from "../../../core/rules/copy-ids.ts";
import { gateOf, type Joint, standingOf, type Verdict } from "../../../core/rules/trust.ts";
import type { LogNode, Place } from "../../../core/state/znodes.ts";
import {
  afterPowerCut,
  applied,
  copyIdsIn,
  type Entry,
  isIn,
  named,
  newCopy,
  newWorker,
  type Step,
  type Worker,
} from "./trust-world.ts";

export class Model {
  readonly workers: Worker[];
  log: Entry[] = [];
  trimmed = 0;
  memory = 0;
  node: LogNode | null = null;
  copies = new Map<string, Place | null>();
  acknowledged: number[] = [];
  master: Worker | undefined;
  readonly #knowsIds: boolean;
  #epoch = 0;
  #ids = 0;
  #copies = 0;

  /** @param knowsIds false for the rule of earlier versions, by which a copy is known by its worker's name alone */
  constructor(count: number, { knowsIds = true } = {}) {
    this.#knowsIds = knowsIds;
    this.workers = Array.from({ length: count }, (_, i) => newWorker(`w-${i + 1}`, this.#nextCopyId()));
    for (const { name } of this.workers) this.copies.set(name, null);
  }

  take(step: Step): void {
    const worker = "who" in step ? this.workers[step.who % this.workers.length] : undefined;
    if (step.kind === "serve") this.#serve(step);
    else if (step.kind === "list") this.#list(step.who);
    else if (step.kind === "stopAll") this.#stopAll(step.lost, step.back, step.torn);
    else if (step.kind === "restartBroker") this.#loseMemory(this.log.length - step.lost);
    else if (step.kind === "deleteLog") this.#loseMemory(0);
    else if (step.kind === "trimLog") this.#trimLog();
    else if (step.kind === "emptyZooKeeper") this.#emptyZooKeeper();
    else if (worker === undefined) return;
    else if (step.kind === "start") this.start(worker);
    else if (step.kind === "die") this.#die(worker, step.torn);
    else if (step.kind === "replace") this.#replace(worker);
    else if (step.kind === "look") this.look(worker);
    else if (step.kind === "elect" || step.kind === "stumble") this.elect(worker, step.kind === "stumble");
    else if (step.kind === "read") this.read(worker);
    else if (step.kind === "write") this.#write(step.who % 3, step.who);
    else if (worker === this.master) this.#end(worker, step.kind === "resign");
  }

  #end(master: Worker, isFinal: boolean): void {
    if (isFinal && this.node !== null) {
      master.synced = master.copy.ids.length;
      this.node = { ...this.node, ...master.copy.place, final: true };
    }
    this.#leave(master);
  }

  /** Never its newest part, where the last master's copy stands, and would stand after a power cut. */
  #trimLog(): void {
    const last = this.workers.find(({ name }) => name === this.node?.master);
    const entry = last && afterPowerCut(last, this.log).last;
    const keep = entry === undefined ? 0 : this.log.indexOf(entry);
    this.trimmed = Math.max(this.trimmed, Math.min(Math.floor(this.log.length / 2), keep));
  }

  #serve({ writes, readers, witnesses = 0 }: Step & { readonly kind: "serve" }): void {
    for (const worker of this.workers) this.elect(worker);
    if (witnesses > 0) this.#read(witnesses);
    this.#list(witnesses);
    for (let i = 0; i < writes; i++) this.#write(2, i % 2 === 0 ? readers : ~readers);
    this.#read(readers);
  }

  #read(readers: number): void {
    for (const [i, worker] of this.workers.entries())
      if (isIn(readers, i)) for (let read = 0; read < 10; read++) this.read(worker);
  }

  /** One of them at least has all that was answered on its disk; or nobody is listed. */
  #list(who: number): void {
    const { master, node } = this;
    if (master === undefined || node === null) return;
    const listed = this.workers.filter((worker, i) => isIn(who, i) && worker !== master);
    // Slaves sync what they have all the time.
    for (const worker of listed) worker.synced = worker.copy.ids.length;
    const hasAll = ({ copy, runs }: Worker) =>
      runs &&
      this.acknowledged.every((id) => copy.ids.includes(id)) &&
      copy.place.epoch === master.copy.place.epoch;
    if (listed.length > 0 && !listed.some(hasAll)) return;
    const witnesses = listed.map(({ name }) => name);
    this.node = { ...node, witnesses, ...copyIdsIn([master, ...listed]) };
  }

  #nextCopyId(): string | undefined {
    this.#copies += 1;
    return this.#knowsIds ? `copy ${this.#copies}` : undefined;
  }

  #replace(worker: Worker): void {
    this.#die(worker, false);
    worker.copy = newCopy(this.#nextCopyId());
    worker.synced = 0;
  }

  /** Some of the witnesses read the log, and their disks have what they read. @returns whether one has all of it */
  #confirm(who: number): boolean {
    const { master, node } = this;
    const names = node?.witnesses ?? [];
    const isListed = (worker: Worker) =>
      node !== null && names.includes(worker.name) && !isReplaced(named(worker), node);
    const asked = this.workers.filter((worker, i) => worker.runs && isListed(worker) && isIn(who, i));
    for (const witness of asked) {
      for (let read = 0; read < 10; read++) this.read(witness);
      witness.synced = witness.copy.ids.length;
    }
    return (
      names.length === 0 ||
      asked.some(({ copy }) => master !== undefined && samePlace(copy.place, master.copy.place))
    );
  }

  #stopAll(lost: number, back: number, torn: boolean): void {
    for (const worker of this.workers) this.#die(worker, torn);
    this.#loseMemory(this.log.length - lost);
    for (const [i, worker] of this.workers.entries()) if (isIn(back, i)) this.start(worker);
  }

  start(worker: Worker): void {
    if (worker.runs) return;
    worker.runs = true;
    worker.gap = false;
    this.copies.set(worker.name, worker.copy.place);
  }

  #die(worker: Worker, torn: boolean): void {
    if (!worker.runs) return;
    this.#leave(worker);
    worker.runs = false;
    worker.vouchedUnder = null;
    if (!torn) return;
    worker.copy = afterPowerCut(worker, this.log);
    worker.synced = worker.copy.ids.length;
  }

  /** Its session is over: it joins anew. */
  #leave(worker: Worker): void {
    if (this.master === worker) this.master = undefined;
    worker.reads = undefined;
    worker.adopts = false;
  }

  #loseMemory(length: number): void {
    this.memory += 1;
    this.log = this.log.slice(0, Math.max(0, length));
    this.trimmed = Math.min(this.trimmed, this.log.length);
    for (const worker of this.workers) this.#leave(worker);
  }

  #emptyZooKeeper(): void {
    this.node = null;
    this.copies = new Map(this.workers.map(({ name, runs, copy }) => [name, runs ? copy.place : null]));
    for (const worker of this.workers) this.#leave(worker);
  }

  #join(worker: Worker): Joint {
    const { copy } = worker;
    if (worker.reads !== undefined) {
      if (worker.adopts) return "apart";
      return copy.last !== undefined || this.log.length > 0 ? "joined" : "empty";
    }
    if (worker.gap) return "apart";
    if (copy.last === undefined) {
      if (this.trimmed > 0) return "apart";
      worker.reads = 0;
      return this.log.length > 0 ? "joined" : "empty";
    }
    const at = this.log.indexOf(copy.last);
    if (at < this.trimmed) return "apart";
    worker.reads = at + 1;
    return "joined";
  }

  verdict(worker: Worker): Verdict {
    const joint = this.#join(worker);
    const peers = this.workers.filter((other) => other.runs && other !== worker);
    return standingOf(
      { ...named(worker), place: worker.copy.place, joint, vouchedUnder: worker.vouchedUnder },
      {
        memory: String(this.memory),
        log: this.node,
        copies: this.copies,
        listed: true,
        peers: peers.map((peer) => ({
          ...named(peer),
          place: peer.copy.place,
          eligible: this.node?.broker === String(this.memory) && peer.reads !== undefined && !peer.adopts,
        })),
        hasMaster: this.master !== undefined,
      },
    );
  }

  look(worker: Worker): Verdict | undefined {
    if (!worker.runs || worker === this.master) return undefined;
    if (this.node?.broker === String(this.memory)) worker.vouchedUnder = String(this.memory);
    const verdict = this.verdict(worker);
    if (verdict.kind === "vouch") {
      worker.synced = worker.copy.ids.length;
      this.node = verdict.log;
      return this.look(worker);
    }
    if (verdict.kind === "adopt") {
      worker.adopts = true;
      worker.reads = this.log.length;
    }
    if (verdict.kind === "copy") {
      const donor = this.workers.find(({ name }) => name === verdict.donors[0]) as Worker;
      assert.ok(
        holdsAll(donor.copy.place, worker.copy.place),
        "a snapshot never holds less than what it replaces",
      );
      this.#leave(worker);
      worker.copy = { ...donor.copy, copyId: this.#nextCopyId() };
      worker.synced = worker.copy.ids.length;
      worker.gap = false;
      this.copies.set(worker.name, worker.copy.place);
    }
    return verdict;
  }

  elect(worker: Worker, stumbles = false): void {
    if (!worker.runs || this.master !== undefined) return;
    const verdict = this.look(worker);
    if (verdict?.kind !== "lead" && verdict?.kind !== "adopt") return;
    const { adopts } = worker;
    const terms = { memory: String(this.memory), adopts };
    if (!adopts)
      while (gateOf(worker.copy.place, this.node, terms).kind === "behind" && this.#readOne(worker));
    const gate = gateOf(worker.copy.place, this.node, terms);
    if (gate.kind !== "pass") {
      worker.gap = gate.kind === "behind";
      this.#leave(worker);
      return;
    }
    this.#epoch = Math.max(this.#epoch, worker.copy.place.epoch) + 1;
    const { epoch: held, position } = worker.copy.place;
    const marker: Entry = {
      epoch: this.#epoch,
      position,
      after: position,
      ...(adopts ? { adopts: held } : {}),
    };
    this.log.push(marker);
    if (adopts) worker.reads = this.log.length - 1;
    while (worker.copy.place.epoch < marker.epoch) if (!this.#readOne(worker)) return;
    worker.adopts = false;
    assert.deepEqual(
      this.acknowledged.filter((id) => !worker.copy.ids.includes(id)),
      [],
      `${worker.name} leads without acknowledged writes`,
    );
    this.master = worker;
    if (stumbles) this.#leave(worker);
    else this.node = this.#noteOf(worker);
  }

  #noteOf(worker: Worker): LogNode {
    const { name, copy } = worker;
    return { broker: String(this.memory), master: name, ...copy.place, ...copyIdsIn([worker]) };
  }

  read(worker: Worker): void {
    if (!worker.runs || worker === this.master || worker.adopts) return;
    this.#join(worker);
    this.#readOne(worker);
  }

  /** @returns whether there was one that could be read */
  #readOne(worker: Worker): boolean {
    const entry = worker.reads === undefined ? undefined : this.log[worker.reads];
    if (entry === undefined || worker.reads === undefined) return false;
    worker.reads += 1;
    const next = applied(worker.copy, entry);
    worker.gap = next === "gap";
    if (next === "gap") this.#leave(worker);
    else worker.copy = next;
    return next !== "gap";
  }

  /** How far it comes: appended only, applied by its master as well, or acknowledged. */
  #write(how: number, witnesses: number): void {
    const { master } = this;
    if (master === undefined) return;
    this.#ids += 1;
    const { epoch, position } = master.copy.place;
    const entry: Entry = { epoch, position: position + 1, id: this.#ids };
    this.log.push(entry);
    if (how === 0) this.#leave(master);
    else this.#readOne(master);
    if (how === 2) {
      master.synced = master.copy.ids.length;
      if (!this.#confirm(witnesses)) return;
      this.acknowledged.push(this.#ids);
      if (this.#ids % 3 !== 0) return; // A master notes only from time to time how far it is.
      if (this.node !== null) this.node = { ...this.node, ...master.copy.place };
    }
  }
}
