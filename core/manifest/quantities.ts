// Durations and sizes as people write them: "2m", "1h30m", "250ms"; "256Mi", "1Gi".

const durationUnitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const sizeUnits: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

export const durationPattern = /^(\d{1,9}(ms|s|m|h|d))+$/;
export const sizePattern = /^(\d{1,15})(k|M|G|Ki|Mi|Gi|Ti)?$/;

/** @returns null when the text is no duration */
export function parseDuration(text: string): number | null {
  if (!durationPattern.test(text)) return null;
  let ms = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g))
    ms += Number(count) * (durationUnitsMs[unit ?? ""] ?? Number.NaN);
  return ms;
}

/** @returns null when the text is no size */
export function parseSize(text: string): number | null {
  const match = sizePattern.exec(text);
  if (match === null) return null;
  const bytes = Number(match[1]) * (sizeUnits[match[2] ?? ""] ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** As logs and messages say it: `2m0s`, `10s`, `250ms`, `1h0m0s`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  const seconds = Math.round(ms / 1_000);
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60), seconds % 60];
  if (h > 0) return `${h}h${m}m${s}s`;
  return m > 0 ? `${m}m${s}s` : `${s}s`;
}

export function formatSize(bytes: number): string {
  for (const unit of ["Ti", "Gi", "Mi", "Ki"]) {
    const one = sizeUnits[unit] ?? 1;
    if (bytes >= one && bytes % one === 0) return `${bytes / one}${unit}`;
  }
  return String(bytes);
}
