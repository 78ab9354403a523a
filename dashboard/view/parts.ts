// The parts of the picture that are always there: API and controller, the queues, ZooKeeper.
import type { Box, Lane } from "../draw/layout.ts";
import { count } from "../model/format.ts";
import type { Stage } from "../model/stage.ts";
import { Keyed, setAttribute, setText, svg } from "./elements.ts";

const move = (group: SVGGElement, { x, y }: Box): void => {
  group.style.transform = `translate(${x}px, ${y}px)`;
};

const size = (rect: SVGRectElement, { width, height }: Pick<Box, "width" | "height">): void => {
  setAttribute(rect, "width", width);
  setAttribute(rect, "height", height);
};

export interface ServiceView {
  put(box: Box): void;
  show(state: { readonly lines: readonly string[]; readonly up: boolean; readonly busy?: boolean }): void;
}

export function drawService(parent: Element, title: string, id: string): ServiceView {
  const rect = svg("rect", { class: "part-box", rx: 12 });
  const lamp = svg("circle", { class: "lamp", r: 4, cx: 18, cy: 22 });
  const notes = [0, 1].map((i) => svg("text", { class: "part-note", x: 14, y: 49 + 18 * i }));
  const name = svg("text", { class: "part-title", x: 30, y: 27 }, title);
  const group = svg("g", { class: "part service", "data-part": id }, rect, lamp, name, ...notes);
  parent.append(group);
  return {
    put(box) {
      move(group, box);
      size(rect, box);
      // A flat box has its two notes side by side.
      const flat = box.height < 80;
      notes.forEach((note, i) => {
        setAttribute(note, "x", flat && i === 1 ? box.width - 14 : 14);
        setAttribute(note, "text-anchor", flat && i === 1 ? "end" : "start");
        setAttribute(note, "y", flat ? 49 : 51 + 19 * i);
      });
    },
    show({ lines, up, busy }) {
      for (const [i, note] of notes.entries()) setText(note, lines[i] ?? "");
      setAttribute(group, "data-state", up ? (busy ? "busy" : "up") : "down");
    },
  };
}

export interface QueueView {
  put(box: Box): void;
  show(depth: number | null, unit: string, up: boolean): void;
}

/** A queue shows its depth as a number and as a filling, on a scale of ratios: 10 is visible, 10,000 is not out of it. */
export function drawQueue(parent: Element, name: string, lane: Lane): QueueView {
  const rect = svg("rect", { class: "part-box", rx: 12 });
  const track = svg("rect", { class: "track", rx: 2, x: 14, height: 4 });
  const filling = svg("rect", { class: "filling", rx: 2, x: 14, height: 4 });
  const depthText = svg("text", { class: "part-figure", "text-anchor": "end", y: 26 });
  const group = svg(
    "g",
    { class: `part queue ${lane}`, "data-part": name },
    rect,
    svg("text", { class: "part-title", x: 14, y: 26 }, name),
    depthText,
    track,
    filling,
  );
  parent.append(group);
  let inner = 0;
  return {
    put(box) {
      move(group, box);
      size(rect, box);
      inner = box.width - 28;
      // A narrow one has its figure below its name.
      const narrow = box.width < 130;
      setAttribute(depthText, "x", narrow ? 14 : box.width - 14);
      setAttribute(depthText, "y", narrow ? 44 : 26);
      setAttribute(depthText, "text-anchor", narrow ? "start" : "end");
      setAttribute(track, "width", inner);
      for (const bar of [track, filling]) setAttribute(bar, "y", box.height - (narrow ? 14 : 20));
    },
    show(depth, unit, up) {
      setText(depthText, depth === null ? "–" : count(depth));
      setAttribute(group, "aria-label", `${name}: ${depth ?? "unknown"} ${unit}`);
      setAttribute(filling, "width", inner * Math.min(1, Math.log10(1 + (depth ?? 0)) / 4));
      setAttribute(group, "data-state", up ? "up" : "down");
    },
  };
}

export interface RegistryView {
  put(box: Box): void;
  show(stage: Stage, up: boolean): void;
}

interface Chip {
  readonly key: string;
  readonly text: string;
  readonly look: string;
}

/** ZooKeeper with its two znodes that matter: who is master, and who is alive. */
export function drawRegistry(parent: Element): RegistryView {
  const rect = svg("rect", { class: "part-box", rx: 12 });
  const lamp = svg("circle", { class: "lamp", r: 4, cx: 18, cy: 22 });
  const master = svg("text", { class: "part-note" });
  const chips = svg("g");
  const label = svg("text", { class: "part-note znode", x: 14 }, "/workers");
  const title = svg("text", { class: "part-title", x: 30, y: 27 }, "ZooKeeper");
  const group = svg(
    "g",
    { class: "part service", "data-part": "zookeeper" },
    rect,
    lamp,
    title,
    master,
    label,
    chips,
  );
  parent.append(group);
  const list = new Keyed<Chip, SVGTextElement>(chips, {
    make: ({ text }) => svg("text", { class: "znode-chip" }, text),
    update: (element, { text, look }) => {
      setText(element, text);
      setAttribute(element, "data-look", look);
    },
  });
  let width = 0;
  return {
    put(box) {
      move(group, box);
      size(rect, box);
      width = box.width;
      setAttribute(master, "x", box.width - 14);
      setAttribute(master, "text-anchor", "end");
      setAttribute(master, "y", 27);
      setAttribute(label, "y", box.height - 22);
    },
    show(stage, up) {
      setAttribute(group, "data-state", up ? "up" : "down");
      setText(
        master,
        stage.masterZnode === null
          ? "/master: nobody"
          : `/master: ${stage.masterZnode} · epoch ${stage.epoch}`,
      );
      setAttribute(master, "data-look", stage.masterZnode === null ? "missing" : "present");
      const shown = chipsOf(stage);
      list.show(shown, ({ key }) => key);
      const room = width - 14 - 82;
      const step = Math.min(stage.scene?.step === "election" ? 96 : 54, room / Math.max(1, shown.length));
      [...chips.children].forEach((chip, i) => {
        setAttribute(chip, "x", 82 + i * step);
        setAttribute(chip, "y", Number(label.getAttribute("y")));
      });
    },
  };
}

/** A worker that only starts has no znode yet, a dead one none any more. */
function chipsOf(stage: Stage): readonly Chip[] {
  const electing = stage.scene?.step === "election";
  return stage.workers
    .filter(({ look }) => look !== "starting" && look !== "dying" && look !== "dead" && look !== "unknown")
    .map(({ key, name, pid, look }) => ({
      key,
      text: electing && pid !== null ? `${name} ${pid}` : name,
      look,
    }));
}
