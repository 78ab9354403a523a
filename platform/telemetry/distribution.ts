// Counts how often values of each size came: for latencies and batch sizes. Its steps are parts of octaves, so that one
// structure is fine enough for percentiles and adds up exactly to Prometheus' coarser buckets. Observing costs two additions
// and a logarithm: it is done for every request.

export interface Scale {
  /** Everything up to here falls into the first step. */
  readonly lowest: number;
  /** Doublings above it; everything beyond falls into the last step. */
  readonly octaves: number;
  readonly stepsPerOctave: number;
}

/** From a sixteenth of a millisecond to about a minute, a step being 9 % wide. */
export const latencyScale: Scale = { lowest: 0.0625, octaves: 20, stepsPerOctave: 8 };
export const sizeScale: Scale = { lowest: 1, octaves: 8, stepsPerOctave: 1 };

export class Distribution {
  readonly scale: Scale;
  readonly counts: Float64Array;
  sum = 0;
  count = 0;

  constructor(scale: Scale) {
    this.scale = scale;
    // The last one is for what is beyond the scale.
    this.counts = new Float64Array(scale.octaves * scale.stepsPerOctave + 2);
  }

  observe(value: number): void {
    const { lowest, stepsPerOctave } = this.scale;
    const step = value <= lowest ? 0 : Math.ceil(Math.log2(value / lowest) * stepsPerOctave);
    const i = Math.min(step, this.counts.length - 1);
    this.counts[i] = (this.counts[i] ?? 0) + 1;
    this.sum += value;
    this.count += 1;
  }

  /** How many values were at most `upTo`, for each octave. */
  cumulative(): readonly { readonly upTo: number; readonly count: number }[] {
    const { lowest, octaves, stepsPerOctave } = this.scale;
    let count = this.counts[0] ?? 0;
    const out = [{ upTo: lowest, count }];
    for (let octave = 1; octave <= octaves; octave++) {
      for (let step = 1; step <= stepsPerOctave; step++)
        count += this.counts[(octave - 1) * stepsPerOctave + step] ?? 0;
      out.push({ upTo: lowest * 2 ** octave, count });
    }
    return out;
  }
}

/** @param counts of a distribution, or a difference of two; @returns null when there is nothing in it */
export function percentile(counts: Float64Array, scale: Scale, part: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const wanted = total * part;
  let seen = 0;
  for (const [i, count] of counts.entries()) {
    seen += count;
    if (count === 0 || seen < wanted) continue;
    const upper = scale.lowest * 2 ** (i / scale.stepsPerOctave);
    const lower = i === 0 ? 0 : scale.lowest * 2 ** ((i - 1) / scale.stepsPerOctave);
    return lower + (upper - lower) * ((wanted - (seen - count)) / count);
  }
  return null;
}
