// The brokers of one cluster: which are there, which one leads, and how much of the log each has. What a majority has is confirmed
// and given to readers. One that sees no majority pauses, and forgets what is in its memory only, as if it were restarted.
import { TransientError } from "../../core/errors.ts";
import { Replication } from "./replication.ts";
import type { Random, VirtualWorld } from "./virtual-world.ts";

/** Brokers notice each other's silence after that time. */
const noticedMs = { least: 1_000, most: 4_000 } as const;
const electionMs = 300;
/** After it sees a majority again. */
const resumesMs = 500;

export interface Append {
  readonly content: Buffer;
  readonly traceparent: string | undefined;
  /** Whether somebody still waits for it: then it is sent again to the next leader that lacks it. */
  readonly isWanted: () => boolean;
  readonly onTaken: () => void;
}

interface Node {
  isUp: boolean;
  /** It is up, and neither hears the others nor is heard by them. */
  isCut: boolean;
  isPaused: boolean;
  /** The others know that it is away. */
  isMissed: boolean;
  /** So many records of the log are on it. */
  has: number;
  /** How often it has forgotten what it had in memory. */
  forgotten: number;
  /** Counts what happened to it, so that what was noticed of an earlier state counts no more. */
  changes: number;
  isCopying: boolean;
}

export interface Owner {
  /** What is confirmed, by offset. */
  readonly confirmed: { length: number };
  confirm(append: Append): void;
  /** The brokers that are left do not have more than this: what was confirmed behind it is gone. */
  lose(length: number): void;
  /** One of them has more than before: its readers are given it. */
  onCopied(): void;
  /** What waited goes on. */
  onServing(): void;
  /** Every connection to this broker is over. */
  onGone(node: number): void;
}

export class Replicas {
  readonly #world: VirtualWorld;
  readonly #random: Random;
  readonly #owner: Owner;
  readonly #nodes: readonly Node[];
  readonly #replication: Replication;
  #leader: number | undefined = 0;
  #term = 0;
  /** What the leader has behind what is confirmed. */
  #tail: Append[] = [];

  constructor(world: VirtualWorld, size: number, owner: Owner) {
    this.#world = world;
    this.#random = world.random("broker replicas");
    this.#owner = owner;
    this.#nodes = Array.from({ length: size }, () => ({
      isUp: true,
      isCut: false,
      isPaused: false,
      isMissed: false,
      has: 0,
      forgotten: 0,
      changes: 0,
      isCopying: false,
    }));
    this.#replication = new Replication(world, size, this.#random);
  }

  get size(): number {
    return this.#nodes.length;
  }

  get leader(): number | undefined {
    return this.#leader;
  }

  /** It works with a majority. */
  serves(node: number): boolean {
    return this.#leader !== undefined && this.#together.includes(node);
  }

  /** It takes connections. */
  accepts = (node: number): boolean => this.#node(node).isUp && !this.#node(node).isPaused;

  /** What has no replica at each of them when it is made gets none later. */
  whyNotAll(reaches: (node: number) => boolean): Error | undefined {
    if ([...this.#nodes.keys()].every((node) => reaches(node) && this.serves(node))) return undefined;
    return new TransientError("not all brokers are there: queues are made once they are");
  }

  idOf = (node: number): string => `memory ${node + 1}.${this.#node(node).forgotten}`;

  /** Up to where a reader at this broker is given records. */
  readable(node: number): number {
    return this.serves(node) ? Math.min(this.#owner.confirmed.length, this.#node(node).has) : 0;
  }

  append(append: Append): void {
    this.#tail.push(append);
    const leader = this.#nodes[this.#leader ?? 0] as Node;
    leader.has = this.#end;
    this.#spread();
  }

  /** The log was deleted, or is made anew: all of them forget. */
  forgetAll(): void {
    this.#term += 1;
    this.#tail = [];
    for (const node of this.#nodes) {
      node.has = 0;
      node.forgotten += 1;
      node.isCopying = false;
    }
  }

  /** Its process ends: the others see that at once. */
  stop(node: number): void {
    this.vanish(node, 0);
    this.#miss(node);
    this.#settle();
  }

  /** Without a word. @param lost so many of the newest records were not on its disk */
  vanish(node: number, lost: number): void {
    const one = this.#node(node);
    one.has = Math.max(0, one.has - lost);
    if (!one.isUp) return;
    one.isUp = false;
    one.isPaused = false;
    one.forgotten += 1;
    this.#changed(one);
  }

  comeUp(node: number): void {
    const one = this.#node(node);
    if (one.isUp) return;
    // Who was connected to it before is not.
    this.#owner.onGone(node);
    one.isUp = true;
    this.#replication.isBack(node);
    this.#changed(one);
  }

  setCut(node: number, isCut: boolean): void {
    const one = this.#node(node);
    if (one.isCut === isCut) return;
    one.isCut = isCut;
    this.#changed(one);
  }

  #node(node: number): Node {
    return this.#nodes[node] as Node;
  }

  get #end(): number {
    return this.#owner.confirmed.length + this.#tail.length;
  }

  #isMajority(count: number): boolean {
    return count > this.#nodes.length / 2;
  }

  /** Those that hear each other, when they are a majority. */
  get #hearing(): readonly number[] {
    const found = [...this.#nodes.keys()].filter((i) => this.#node(i).isUp && !this.#node(i).isCut);
    return this.#isMajority(found.length) ? found : [];
  }

  get #together(): readonly number[] {
    const found = this.#hearing.filter((i) => !this.#node(i).isPaused);
    return this.#isMajority(found.length) ? found : [];
  }

  #changed(one: Node): void {
    one.changes += 1;
    const hearing = this.#hearing;
    for (const [i, node] of this.#nodes.entries()) {
      if (hearing.includes(i)) this.#isHeard(node);
      else if (!node.isMissed) this.#isSilent(i, node);
    }
    this.#settle();
  }

  #isHeard(node: Node): void {
    node.isMissed = false;
    if (!node.isPaused) return;
    const { changes } = node;
    this.#world.after(resumesMs, () => {
      if (node.changes !== changes || !node.isPaused) return;
      node.isPaused = false;
      this.#settle();
    });
  }

  #isSilent(i: number, node: Node): void {
    const ms = noticedMs.least + this.#random() * (noticedMs.most - noticedMs.least);
    this.#world.after(ms, () => {
      if (node.isMissed || this.#hearing.includes(i)) return;
      this.#miss(i);
      this.#settle();
    });
  }

  #miss(i: number): void {
    const node = this.#node(i);
    node.isMissed = true;
    if (node.isUp && !node.isPaused) {
      node.isPaused = true;
      node.forgotten += 1;
      node.changes += 1;
    }
    this.#owner.onGone(i);
  }

  #settle(): void {
    const together = this.#together;
    if (this.#leader !== undefined && !together.includes(this.#leader)) {
      this.#leader = undefined;
      this.#term += 1;
    }
    if (this.#leader === undefined) this.#electLater(together);
    else this.#goOn();
  }

  #electLater(together: readonly number[]): void {
    // One that is silent and not missed yet may be heard again: those that are left wait.
    const areSure = this.#nodes.every(({ isMissed }, i) => together.includes(i) || isMissed);
    if (together.length === 0 || !areSure) return;
    const term = this.#term;
    this.#world.after(this.#random() * electionMs, () => {
      if (this.#term === term && this.#leader === undefined) this.#elect();
    });
  }

  /** The one that has most leads, and the others have no more than it from now on. */
  #elect(): void {
    const [first, ...others] = this.#together;
    if (first === undefined) return;
    const leader = others.reduce((a, b) => (this.#node(b).has > this.#node(a).has ? b : a), first);
    this.#leader = leader;
    this.#term += 1;
    const length = this.#node(leader).has;
    const confirmed = this.#owner.confirmed.length;
    const unsure = this.#tail.splice(Math.max(0, length - confirmed));
    if (length < confirmed) this.#owner.lose(length);
    for (const node of this.#nodes) {
      node.has = Math.min(node.has, length);
      node.isCopying = false;
    }
    for (const one of unsure) if (one.isWanted()) this.append(one);
    this.#goOn();
  }

  #goOn(): void {
    this.#spread();
    this.#owner.onServing();
  }

  /** The others copy what the leader has. */
  #spread(): void {
    this.#confirm();
    const leader = this.#leader;
    for (const i of this.#together) {
      const node = this.#node(i);
      if (i === leader || node.isCopying || node.has >= this.#end) continue;
      node.isCopying = true;
      const [term, until] = [this.#term, this.#end];
      this.#world.after(this.#replication.msTo(i), () => {
        if (this.#term !== term) return;
        node.isCopying = false;
        if (this.#together.includes(i)) node.has = Math.max(node.has, until);
        this.#spread();
        this.#owner.onCopied();
      });
    }
  }

  #confirm(): void {
    const lengths = this.#nodes.map(({ has }) => has).sort((a, b) => b - a);
    const ofMajority = Math.min(this.#end, lengths[Math.floor(lengths.length / 2)] ?? 0);
    while (this.#owner.confirmed.length < ofMajority) this.#owner.confirm(this.#tail.shift() as Append);
  }
}
