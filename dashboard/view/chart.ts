// A chart of the last three minutes: lines over areas, a readable scale, and the figures under the pointer.
import type { Stats } from "../../core/state/stats.ts";
import { areaPath, drawing, linePath, niceMax, type Range, type Sample } from "../draw/chart-path.ts";
import { el, setAttribute, setText, svg } from "./elements.ts";

export interface Series {
  readonly name: string;
  /** Names its colour in the style sheet. */
  readonly tone: string;
  readonly filled: boolean;
  readonly valueOf: (stats: Stats) => number | null;
}

export interface ChartOptions {
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  readonly leastMax: number;
  /** What the chart is about, for those who do not see it. */
  readonly label: string;
}

const spanMs = 180_000;

interface Line {
  readonly series: Series;
  readonly line: SVGPathElement;
  readonly area: SVGPathElement | null;
  readonly figure: HTMLElement;
}

export class Chart {
  readonly #options: ChartOptions;
  readonly #lines: readonly Line[];
  readonly #plot: SVGSVGElement;
  readonly #marks: readonly HTMLElement[];
  readonly #cursor = el("div", { class: "cursor", hidden: true });
  readonly #when = el("span", { class: "when" }, "now");
  #samples: readonly Stats[] = [];
  /** Where the pointer is, from the left, 0 to 1. */
  #pointer: number | null = null;

  constructor(place: HTMLElement, options: ChartOptions) {
    this.#options = options;
    this.#plot = svg("svg", {
      class: "plot",
      viewBox: `0 0 ${drawing.width} ${drawing.height}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": options.label,
    });
    for (const part of [0, 0.5, 1])
      this.#plot.append(
        svg("line", {
          class: "rule",
          x1: 0,
          x2: drawing.width,
          y1: drawing.height * part,
          y2: drawing.height * part,
        }),
      );
    const legend = el("div", { class: "legend" });
    this.#lines = options.series.map((series) => this.#add(series, legend));
    legend.append(this.#when);
    this.#marks = [1, 0.5].map((part) => el("span", { class: "mark", "data-part": part }));
    const area = el("div", { class: "plot-area" }, this.#plot, ...this.#marks, this.#cursor);
    area.append(
      el("span", { class: "mark-time", "data-at": "start" }, "−3 min"),
      el("span", { class: "mark-time", "data-at": "end" }, "now"),
    );
    area.addEventListener("pointermove", (event) => {
      const { left, width } = area.getBoundingClientRect();
      this.#pointer = Math.min(1, Math.max(0, (event.clientX - left) / width));
      this.#draw();
    });
    area.addEventListener("pointerleave", () => {
      this.#pointer = null;
      this.#draw();
    });
    place.append(legend, area);
  }

  #add(series: Series, legend: HTMLElement): Line {
    const area = series.filled ? svg("path", { class: `area ${series.tone}` }) : null;
    const line = svg("path", { class: `curve ${series.tone}` });
    if (area !== null) this.#plot.append(area);
    this.#plot.append(line);
    const figure = el("b", {}, "–");
    legend.append(
      el(
        "span",
        { class: `key ${series.tone}` },
        el("i", { "aria-hidden": "true" }),
        series.name,
        " ",
        figure,
      ),
    );
    return { series, line, area, figure };
  }

  show(samples: readonly Stats[]): void {
    if (samples === this.#samples) return;
    this.#samples = samples;
    this.#draw();
  }

  #draw(): void {
    const samples = this.#samples;
    const endMs = samples.at(-1)?.atMs ?? 0;
    const values = this.#lines.map(({ series }): readonly Sample[] =>
      samples.map((stats) => ({ atMs: stats.atMs, value: series.valueOf(stats) })),
    );
    const highest = values.flat().reduce((most, { value }) => Math.max(most, value ?? 0), 0);
    const range: Range = { endMs, spanMs, max: niceMax(highest * 1.08, this.#options.leastMax) };
    const shown = this.#sampleAtPointer(range);
    this.#lines.forEach(({ series, line, area, figure }, i) => {
      setAttribute(line, "d", linePath(values[i] ?? [], range));
      if (area !== null) setAttribute(area, "d", areaPath(values[i] ?? [], range));
      const value = shown === undefined ? null : series.valueOf(shown);
      setText(figure, value === null ? "–" : this.#options.format(value));
    });
    for (const mark of this.#marks)
      setText(mark, this.#options.format(range.max * Number(mark.dataset.part)));
    this.#cursor.hidden = this.#pointer === null;
    this.#cursor.style.left = `${(this.#pointer ?? 0) * 100}%`;
    setText(
      this.#when,
      this.#pointer === null || shown === undefined
        ? "now"
        : `${Math.round((endMs - shown.atMs) / 1_000)} s ago`,
    );
  }

  #sampleAtPointer({ endMs }: Range): Stats | undefined {
    if (this.#pointer === null) return this.#samples.at(-1);
    const atMs = endMs - spanMs * (1 - this.#pointer);
    return this.#samples.reduce<Stats | undefined>(
      (best, one) =>
        best === undefined || Math.abs(one.atMs - atMs) < Math.abs(best.atMs - atMs) ? one : best,
      undefined,
    );
  }
}
