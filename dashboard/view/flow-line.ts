// One line of the picture with dots that move along it in the direction of the messages.

import type { Lane } from "../draw/layout.ts";
import type { Flow } from "../model/flow.ts";
import { setAttribute, svg } from "./elements.ts";

export interface FlowLine {
  readonly group: SVGGElement;
  put(path: string): void;
  readonly dots: SVGPathElement;
  speed: number;
  motion: Animation | null;
}

const gapPx = 22;
const gapMs = 900;

export const movesLess = matchMedia("(prefers-reduced-motion: reduce)");

export function drawFlow(lane: Lane): FlowLine {
  const line = svg("path", { class: "line" });
  const dots = svg("path", { class: "dots" });
  const group = svg("g", { class: `flow ${lane}` }, line, dots);
  return {
    group,
    dots,
    speed: 0,
    motion: null,
    put(path) {
      setAttribute(line, "d", path);
      setAttribute(dots, "d", path);
    },
  };
}

/** The speed changes without a jump: the same animation goes on, faster or slower. */
export function setFlow(line: FlowLine, { speed, opacity }: Flow): void {
  line.dots.style.opacity = String(opacity);
  const wanted = movesLess.matches ? 0 : speed;
  if (wanted === line.speed) return;
  line.speed = wanted;
  line.motion ??= line.dots.animate([{ strokeDashoffset: gapPx }, { strokeDashoffset: 0 }], {
    duration: gapMs,
    iterations: Number.POSITIVE_INFINITY,
  });
  if (wanted === 0) line.motion.pause();
  else {
    line.motion.updatePlaybackRate(wanted);
    if (line.motion.playState !== "running") line.motion.play();
  }
}
