// PURE. Two kinds of charts as SVG text, drawn by hand: lines over an axis of powers, and bars beside each other. Colours
// come from a style sheet inside, so that a chart reads well on light and on dark pages.
import { figure } from "./table.ts";

export interface Line {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly Line[];
  /** Powers are spread evenly; without it the axis is linear from 0. */
  readonly xScale: "log" | "linear";
  readonly yScale?: "log" | "linear";
}

export interface BarChart {
  readonly title: string;
  readonly yLabel: string;
  readonly groups: readonly { readonly name: string; readonly bars: readonly Bar[] }[];
}

export interface Bar {
  readonly name: string;
  readonly value: number;
}

const size = { width: 640, height: 360, left: 76, right: 36, top: 56, bottom: 52 } as const;
const plot = {
  width: size.width - size.left - size.right,
  height: size.height - size.top - size.bottom,
} as const;
const seriesMax = 6;

const style = `<style>
.bg{fill:#fff}.t{fill:#1f2328}.m{fill:#59636e}.g{stroke:#d1d9e0}.a{stroke:#59636e}
.s0{stroke:#0969da}.f0{fill:#0969da}.s1{stroke:#bc4c00}.f1{fill:#bc4c00}.s2{stroke:#1a7f37}.f2{fill:#1a7f37}
.s3{stroke:#8250df}.f3{fill:#8250df}.s4{stroke:#9a6700}.f4{fill:#9a6700}.s5{stroke:#bf3989}.f5{fill:#bf3989}
@media(prefers-color-scheme:dark){.bg{fill:#0d1117}.t{fill:#e6edf3}.m{fill:#9198a1}.g{stroke:#3d444d}.a{stroke:#9198a1}}
</style>`;

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const round = (value: number): string => String(Math.round(value * 10) / 10);

function label(x: number, y: number, content: string, how: string): string {
  return `<text x="${round(x)}" y="${round(y)}" ${how}>${escaped(content)}</text>`;
}

function framed(title: string, yLabel: string, names: readonly string[], body: readonly string[]): string {
  const legend = names.slice(0, seriesMax).flatMap((name, i) => {
    const x = size.left + i * (plot.width / Math.max(3, names.length));
    return [
      `<rect x="${round(x)}" y="34" width="10" height="10" class="f${i}"/>`,
      label(x + 15, 43, name, 'class="m"'),
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img" ` +
      `aria-label="${escaped(title)}" font-family="system-ui, sans-serif" font-size="12">`,
    style,
    `<rect width="${size.width}" height="${size.height}" class="bg"/>`,
    label(size.left, 20, title, 'class="t" font-size="15" font-weight="600"'),
    ...legend,
    label(
      14,
      size.top + plot.height / 2,
      yLabel,
      `class="m" text-anchor="middle" transform="rotate(-90 14 ${size.top + plot.height / 2})"`,
    ),
    ...body,
    "</svg>",
    "",
  ].join("\n");
}

/** Round numbers from 0 to at least `most`, five steps or so. */
export function linearTicks(most: number): readonly number[] {
  if (!(most > 0)) return [0, 1];
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step =
    [1, 2, 2.5, 5, 10].map((times) => times * power).find((candidate) => candidate >= rough) ?? rough;
  const count = Math.ceil(most / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => i * step);
}

/** Powers of ten around the values. */
export function logTicks(least: number, most: number): readonly number[] {
  const from = Math.floor(Math.log10(least));
  const to = Math.max(from + 1, Math.ceil(Math.log10(most)));
  return Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));
}

type Place = (value: number) => number;

function valueAxis(values: readonly number[], scale: "log" | "linear"): { place: Place; drawn: string[] } {
  const positive = values.filter((value) => value > 0);
  const ticks =
    scale === "log" && positive.length > 0
      ? logTicks(Math.min(...positive), Math.max(...positive))
      : linearTicks(Math.max(0, ...values));
  const [first, last] = [ticks[0] ?? 0, ticks.at(-1) ?? 1];
  const part: Place = (value) =>
    scale === "log"
      ? (Math.log10(Math.max(value, first)) - Math.log10(first)) / (Math.log10(last) - Math.log10(first))
      : (value - first) / (last - first);
  const place: Place = (value) => size.top + plot.height * (1 - part(value));
  const drawn = ticks.flatMap((tick) => [
    `<line x1="${size.left}" x2="${size.left + plot.width}" y1="${round(place(tick))}" y2="${round(place(tick))}" class="g"/>`,
    label(size.left - 8, place(tick) + 4, figure(tick), 'class="m" text-anchor="end"'),
  ]);
  return { place, drawn };
}

export function lineChart({ title, xLabel, yLabel, lines, xScale, yScale = "linear" }: LineChart): string {
  const all = lines.flatMap(({ points }) => points);
  const xs = [...new Set(all.map(({ x }) => x))].sort((a, b) => a - b);
  const { place: y, drawn } = valueAxis(
    all.map((point) => point.y),
    yScale,
  );
  const of = (value: number) => (xScale === "log" ? Math.log(value) : value);
  const [first, last] = [xScale === "log" ? of(xs[0] ?? 1) : 0, of(xs.at(-1) ?? 1)];
  const x: Place = (value) =>
    size.left + plot.width * (last === first ? 0.5 : (of(value) - first) / (last - first));
  const shown =
    xScale === "log" ? xs : linearTicks(xs.at(-1) ?? 1).filter((tick) => tick <= (xs.at(-1) ?? 1));
  const marks = shown.map((value) =>
    label(x(value), size.top + plot.height + 18, figure(value), 'class="m" text-anchor="middle"'),
  );
  const paths = lines.flatMap(({ points }, i) => [
    `<polyline fill="none" stroke-width="2" class="s${i}" points="${points.map((p) => `${round(x(p.x))},${round(y(p.y))}`).join(" ")}"/>`,
    ...(points.length > 40
      ? []
      : points.map((p) => `<circle cx="${round(x(p.x))}" cy="${round(y(p.y))}" r="3.5" class="f${i}"/>`)),
  ]);
  const below = label(size.left + plot.width / 2, size.height - 12, xLabel, 'class="m" text-anchor="middle"');
  return framed(
    title,
    yLabel,
    lines.map(({ name }) => name),
    [...drawn, ...marks, below, ...paths],
  );
}

export function barChart({ title, yLabel, groups }: BarChart): string {
  const names = [...new Set(groups.flatMap(({ bars }) => bars.map(({ name }) => name)))];
  const { place: y, drawn } = valueAxis(
    groups.flatMap(({ bars }) => bars.map(({ value }) => value)),
    "linear",
  );
  const groupWidth = plot.width / Math.max(1, groups.length);
  const barWidth = Math.min(56, (groupWidth * 0.8) / Math.max(1, names.length));
  const body = groups.flatMap(({ name, bars }, g) => {
    const middle = size.left + groupWidth * (g + 0.5);
    const start = middle - (barWidth * bars.length) / 2;
    const drawnBars = bars.flatMap((bar, i) => {
      const left = start + i * barWidth;
      return [
        `<rect x="${round(left + 2)}" y="${round(y(bar.value))}" width="${round(barWidth - 4)}" ` +
          `height="${round(size.top + plot.height - y(bar.value))}" class="f${names.indexOf(bar.name)}"/>`,
        label(left + barWidth / 2, y(bar.value) - 5, figure(bar.value), 'class="t" text-anchor="middle"'),
      ];
    });
    return [...drawnBars, label(middle, size.top + plot.height + 18, name, 'class="m" text-anchor="middle"')];
  });
  return framed(title, yLabel, names, [...drawn, ...body]);
}
