// The workers of the picture. A card moves to its place; one that leaves fades where it stood.
import type { Box, Density, Layout } from "../draw/layout.ts";
import { count } from "../model/format.ts";
import type { Look, StagedWorker } from "../model/stage.ts";
import { Keyed, setAttribute, setText, svg } from "./elements.ts";
import { movesLess } from "./flow-line.ts";

const words: Readonly<Record<Look, string>> = {
  master: "master",
  slave: "slave",
  starting: "starting",
  joining: "catching up",
  draining: "draining",
  dead: "dead",
  unknown: "out of sight",
  dying: "gone",
  candidate: "candidate",
  chosen: "lowest pid",
  crowned: "master",
};

const leaveMs = 700;
/** A lag of so many records fills the bar. */
const lagFull = 4;

interface Card {
  readonly rect: SVGRectElement;
  readonly ring: SVGRectElement;
  readonly name: SVGTextElement;
  readonly role: SVGTextElement;
  readonly pid: SVGTextElement;
  readonly note: SVGTextElement;
  readonly position: SVGTextElement;
  readonly track: SVGRectElement;
  readonly bar: SVGRectElement;
  served: number;
}

interface Placed {
  readonly worker: StagedWorker;
  readonly box: Box;
  readonly density: Density;
}

export class WorkerCards {
  readonly #cards = new WeakMap<SVGGElement, Card>();
  readonly #list: Keyed<Placed, SVGGElement>;

  constructor(parent: SVGGElement) {
    this.#list = new Keyed<Placed, SVGGElement>(parent, {
      make: (placed) => this.#make(placed),
      update: (group, placed) => this.#update(group, placed),
      leave: (group) => {
        group.dataset.leaving = "";
        setTimeout(() => group.remove(), movesLess.matches ? 0 : leaveMs);
      },
    });
  }

  show(workers: readonly StagedWorker[], layout: Layout): void {
    const placed = workers.flatMap((worker): Placed[] => {
      if (worker.place === "master") return [{ worker, box: layout.parts.master, density: "full" }];
      const box = layout.slaves[worker.place];
      return box === undefined ? [] : [{ worker, box, density: layout.density }];
    });
    this.#list.show(placed, ({ worker }) => worker.key);
  }

  #make({ worker, box }: Placed): SVGGElement {
    const card: Card = {
      rect: svg("rect", { class: "card-box", rx: 10 }),
      ring: svg("rect", { class: "card-ring", rx: 13, x: -3, y: -3 }),
      name: svg("text", { class: "card-name" }, worker.name),
      role: svg("text", { class: "card-role", "text-anchor": "end" }),
      pid: svg("text", { class: "card-pid" }),
      note: svg("text", { class: "card-note" }),
      position: svg("text", { class: "card-note" }),
      track: svg("rect", { class: "track", rx: 2, height: 4 }),
      bar: svg("rect", { class: "filling", rx: 2, height: 4 }),
      served: worker.served,
    };
    const inner = svg(
      "g",
      { class: "worker-card" },
      card.ring,
      card.rect,
      card.name,
      card.role,
      card.pid,
      card.note,
      card.position,
      card.track,
      card.bar,
    );
    const group = svg("g", { class: "worker", "data-worker": worker.name }, inner);
    group.style.transform = `translate(${box.x}px, ${box.y}px)`;
    this.#cards.set(group, card);
    return group;
  }

  #update(group: SVGGElement, { worker, box, density }: Placed): void {
    const card = this.#cards.get(group);
    if (card === undefined) return;
    group.style.transform = `translate(${box.x}px, ${box.y}px)`;
    setAttribute(group, "data-look", worker.look);
    setAttribute(group, "data-density", density);
    arrange(card, box, density);
    setText(card.role, words[worker.look]);
    setText(card.pid, worker.pid === null ? "" : `pid ${worker.pid}`);
    setText(card.note, noteOn(worker));
    setText(card.position, hasCopy(worker.look) ? `position ${worker.position.toLocaleString("en")}` : "");
    const behind = Math.min(1, Math.log10(1 + worker.lag) / lagFull);
    setAttribute(card.bar, "width", (box.width - 24) * (hasCopy(worker.look) ? 1 - behind : 0));
    if (worker.served > card.served) pulse(card.rect);
    card.served = worker.served;
  }
}

const withoutCopy: readonly Look[] = ["starting", "dying", "dead", "unknown"];
const hasCopy = (look: Look): boolean => !withoutCopy.includes(look);

function noteOn({ look, lag, place, served }: StagedWorker): string {
  if (look === "starting") return "container is up";
  if (look === "dying" || look === "dead") return "no sign of life";
  if (look === "unknown") return "its host is away";
  if (lag > 0) return `${count(lag)} records behind`;
  return `${count(served)} ${place === "master" ? "writes" : "reads"} served`;
}

function arrange(card: Card, { width, height }: Box, density: Density): void {
  for (const [rect, more] of [
    [card.rect, 0],
    [card.ring, 6],
  ] as const) {
    setAttribute(rect, "width", width + more);
    setAttribute(rect, "height", height + more);
  }
  const put = (element: Element, x: number, y: number) => {
    setAttribute(element, "x", x);
    setAttribute(element, "y", y);
  };
  if (density === "small") {
    put(card.name, 10, height / 2 + 4);
    return;
  }
  put(card.name, 12, density === "full" ? 26 : 22);
  put(card.role, width - 12, density === "full" ? 26 : 22);
  put(card.pid, 12, density === "full" ? 48 : 39);
  put(card.note, 12, 68);
  put(card.position, 12, 88);
  const barY = height - (density === "full" ? 18 : 10);
  for (const rect of [card.track, card.bar]) put(rect, 12, barY);
  setAttribute(card.track, "width", width - 24);
}

/** A short glow on the card that has just answered something. */
function pulse(rect: SVGRectElement): void {
  if (movesLess.matches) return;
  rect.animate(
    [
      { strokeOpacity: 1, strokeWidth: 2.5 },
      { strokeOpacity: 1, strokeWidth: 1 },
    ],
    { duration: 600, easing: "ease-out" },
  );
}
