// PURE: samples -> the lines of a chart, in a drawing of fixed size that is stretched to its place on the page.

export const drawing = { width: 600, height: 100 } as const;

export interface Sample {
  readonly atMs: number;
  /** Null where nothing was measured: the line is interrupted. */
  readonly value: number | null;
}

export interface Range {
  readonly endMs: number;
  readonly spanMs: number;
  readonly max: number;
}

const round = (value: number): number => Math.round(value * 10) / 10;

const xOf = (atMs: number, { endMs, spanMs }: Range): number =>
  round(drawing.width * (1 - (endMs - atMs) / spanMs));

const yOf = (value: number, { max }: Range): number =>
  round(drawing.height * (1 - Math.min(1, max === 0 ? 0 : value / max)));

/** Runs of samples without a hole between them. */
function runsOf(
  samples: readonly Sample[],
  range: Range,
): readonly (readonly (readonly [number, number])[])[] {
  const runs: (readonly [number, number])[][] = [];
  let open = false;
  for (const { atMs, value } of samples) {
    if (value === null || atMs < range.endMs - range.spanMs) {
      open = false;
      continue;
    }
    const point = [xOf(atMs, range), yOf(value, range)] as const;
    if (open) runs.at(-1)?.push(point);
    else runs.push([point]);
    open = true;
  }
  return runs;
}

const polyline = (points: readonly (readonly [number, number])[]): string =>
  points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${x} ${y}`).join("");

export const linePath = (samples: readonly Sample[], range: Range): string =>
  runsOf(samples, range)
    // A single sample would be an invisible point.
    .map((points) => (points.length === 1 ? `${polyline(points)}h0.1` : polyline(points)))
    .join("");

export const areaPath = (samples: readonly Sample[], range: Range): string =>
  runsOf(samples, range)
    .map((points) => {
      const [first, last] = [points[0], points.at(-1)];
      if (first === undefined || last === undefined) return "";
      return `${polyline(points)}L${last[0]} ${drawing.height}L${first[0]} ${drawing.height}Z`;
    })
    .join("");

/** The next of 1, 2, 5, 10, 20, 50 and so on that holds the value: the scale changes seldom and has readable marks. */
export function niceMax(value: number, least: number): number {
  const wanted = Math.max(value, least);
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = [1, 2, 5, 10].find((factor) => wanted <= factor * power * 1.000001) ?? 10;
  return step * power;
}
