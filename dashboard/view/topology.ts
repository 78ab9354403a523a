// The picture: parts and lines where the layout puts them, workers as the stage says. Everything keeps its element, so
// that a change of place is a movement one can follow.

import { type Box, type Edge, type Layout, layoutOf } from "../draw/layout.ts";
import { flowOf, still } from "../model/flow.ts";
import { count, rate, spaced } from "../model/format.ts";
import { latest, type Model } from "../model/model.ts";
import { type Stage, stageOf } from "../model/stage.ts";
import { Keyed, setAttribute, setText, svg } from "./elements.ts";
import { drawFlow, type FlowLine, setFlow } from "./flow-line.ts";
import {
  drawQueue,
  drawRegistry,
  drawService,
  type QueueView,
  type RegistryView,
  type ServiceView,
} from "./parts.ts";
import { WorkerCards } from "./worker-cards.ts";

/** Below this width of its place the picture is drawn for reading downwards. */
const narrowBelowPx = 720;

const queueNames = ["readQ", "writeQ", "syncQ", "responseQ"] as const;

export class Topology {
  readonly #root: SVGSVGElement;
  readonly #place: HTMLElement;
  readonly #lines = svg("g", { class: "lines" });
  readonly #parts = svg("g", { class: "parts" });
  readonly #frame = svg("rect", { class: "frame", rx: 14 });
  readonly #frameTitle = svg("text", { class: "part-title" }, "Slaves");
  readonly #frameCount = svg("text", { class: "part-note", "text-anchor": "end" });
  readonly #throne = svg("rect", { class: "place", rx: 12 });
  readonly #nobody = svg("text", { class: "part-note", "text-anchor": "middle" }, "no master");
  readonly #queues: Readonly<Record<(typeof queueNames)[number], QueueView>>;
  readonly #api: ServiceView;
  readonly #controller: ServiceView;
  readonly #registry: RegistryView;
  readonly #cards: WorkerCards;
  readonly #places: Keyed<Box, SVGRectElement>;
  readonly #flows: Keyed<Edge, SVGGElement>;
  readonly #flowLines = new Map<string, FlowLine>();
  #layoutKey = "";

  constructor(root: SVGSVGElement, place: HTMLElement) {
    this.#root = root;
    this.#place = place;
    const places = svg("g");
    const cards = svg("g", { class: "workers" });
    this.#parts.append(this.#frame, this.#frameTitle, this.#frameCount, this.#throne, this.#nobody, places);
    this.#api = drawService(this.#parts, "API", "api");
    this.#controller = drawService(this.#parts, "Controller", "controller");
    this.#registry = drawRegistry(this.#parts);
    this.#queues = {
      readQ: drawQueue(this.#parts, "readQ", "reads"),
      writeQ: drawQueue(this.#parts, "writeQ", "writes"),
      syncQ: drawQueue(this.#parts, "syncQ", "sync"),
      responseQ: drawQueue(this.#parts, "responseQ", "answers"),
    };
    this.#cards = new WorkerCards(cards);
    this.#places = new Keyed(places, {
      make: () => svg("rect", { class: "place", rx: 10 }),
      update: putRect,
    });
    this.#flows = new Keyed(this.#lines, {
      make: ({ id, lane }) => {
        const line = drawFlow(lane);
        this.#flowLines.set(id, line);
        return line.group;
      },
      update: (_, { id, path }) => this.#flowLines.get(id)?.put(path),
    });
    root.append(this.#lines, this.#parts, cards);
  }

  show(model: Model, nowMs: number): void {
    const { status } = model;
    if (status === null) return;
    const stage = stageOf(status, model.failover, nowMs);
    const layout = layoutOf(this.#place.clientWidth < narrowBelowPx ? "narrow" : "wide", stage.slavePlaces);
    this.#arrange(layout);
    this.#cards.show(stage.workers, layout);
    this.#showPlaces(stage, layout);
    setText(this.#frameCount, `${status.readySlaves} of ${status.desiredSlaves} ready`);
    this.#showParts(model, stage, nowMs);
    this.#showFlows(model, stage);
    setAttribute(this.#root, "aria-label", spoken(model, stage));
    setAttribute(this.#root, "data-step", stage.scene?.step ?? "none");
  }

  #arrange(layout: Layout): void {
    const key = `${layout.width} ${layout.slaves.length}`;
    if (key === this.#layoutKey) return;
    this.#layoutKey = key;
    setAttribute(this.#root, "viewBox", `0 0 ${layout.width} ${layout.height}`);
    setAttribute(this.#root, "data-mode", layout.width > 600 ? "wide" : "narrow");
    const { parts } = layout;
    putRect(this.#frame, parts.slaves);
    putRect(this.#throne, parts.master);
    put(this.#nobody, parts.master.x + parts.master.width / 2, parts.master.y + parts.master.height / 2 + 4);
    put(this.#frameTitle, parts.slaves.x + 14, parts.slaves.y + 25);
    put(this.#frameCount, parts.slaves.x + parts.slaves.width - 14, parts.slaves.y + 25);
    this.#flows.show(layout.edges, ({ id }) => id);
    for (const name of queueNames) this.#queues[name].put(parts[name]);
    this.#api.put(parts.api);
    this.#controller.put(parts.controller);
    this.#registry.put(parts.zookeeper);
  }

  /** Only places that nobody has taken are drawn. */
  #showPlaces({ workers }: Stage, { slaves }: Layout): void {
    const taken = new Set(workers.map(({ place }) => place));
    for (const one of [this.#throne, this.#nobody])
      setAttribute(one, "visibility", taken.has("master") ? "hidden" : null);
    const free = slaves.filter((_, place) => !taken.has(place));
    this.#places.show(free, ({ x, y, width }) => `${x} ${y} ${width}`);
  }

  #showParts(model: Model, stage: Stage, nowMs: number): void {
    const stats = latest(model);
    const { status } = model;
    for (const name of queueNames) {
      const depth = stats?.queues?.[name] ?? null;
      this.#queues[name].show(
        depth,
        name === "syncQ" ? "records" : "waiting",
        stats?.reachable.rabbitmq !== false,
      );
    }
    this.#api.show({
      lines:
        stats === null
          ? []
          : [`${rate(stats.reads.perSecond)} reads/s`, `${rate(stats.writes.perSecond)} writes/s`],
      up: model.link === "live",
    });
    const recent = model.events.at(-1);
    const fresh = recent !== undefined && nowMs + model.clockOffsetMs - recent.atMs < 8_000;
    this.#controller.show({
      lines: [
        stats?.reachable.controller === false
          ? "away: data path goes on"
          : fresh
            ? `just now: ${spaced(recent.reason)}`
            : `desired: ${status?.desiredSlaves ?? 0} · observed: ${status?.readySlaves ?? 0}`,
        status === null ? "" : `cycle ${status.lastCycle.id} took ${status.lastCycle.tookMs} ms`,
      ],
      up: stats?.reachable.controller !== false,
      busy: fresh,
    });
    this.#registry.show(stage, stats?.reachable.zookeeper !== false);
  }

  #showFlows(model: Model, stage: Stage): void {
    const stats = latest(model);
    const reads = stats?.reads.perSecond ?? 0;
    const writes = stats?.writes.perSecond ?? 0;
    const hasMaster = stage.masterZnode !== null;
    const perSecond: Readonly<Record<string, number>> = {
      "api-readQ": reads,
      "readQ-slaves": reads,
      "slaves-responseQ": reads,
      "api-writeQ": writes,
      "writeQ-master": hasMaster ? writes : 0,
      "master-syncQ": hasMaster ? writes : 0,
      "syncQ-slaves": hasMaster ? writes : 0,
      "master-responseQ": hasMaster ? writes : 0,
      "responseQ-api": reads + writes,
    };
    for (const [id, line] of this.#flowLines) {
      const amount = perSecond[id];
      setFlow(line, amount === undefined ? still : flowOf(amount));
    }
  }
}

function put(element: Element, x: number, y: number): void {
  setAttribute(element, "x", x);
  setAttribute(element, "y", y);
}

function putRect(rect: SVGRectElement, { x, y, width, height }: Box): void {
  put(rect, x, y);
  setAttribute(rect, "width", width);
  setAttribute(rect, "height", height);
}

/** The picture for those who do not see it. */
function spoken(model: Model, stage: Stage): string {
  const stats = latest(model);
  const master =
    stage.masterZnode === null ? "no master" : `${stage.masterZnode} is master in epoch ${stage.epoch}`;
  const slaves = stage.workers
    .filter(({ place }) => place !== "master")
    .map(({ name, look, lag }) => `${name} ${look}${lag > 0 ? `, ${count(lag)} records behind` : ""}`);
  const traffic =
    stats === null
      ? ""
      : ` ${rate(stats.reads.perSecond)} reads and ${rate(stats.writes.perSecond)} writes a second.`;
  return `Topology: ${master}; slaves: ${slaves.join("; ") || "none"}.${traffic}`;
}
