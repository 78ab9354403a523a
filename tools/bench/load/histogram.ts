// PURE. Latencies of one run, in microseconds, in buckets that grow with the value: every value is kept to within 1.6 %,
// from one microsecond to an hour, in a few kilobytes, and two runs add up.

/** Buckets per power of two. */
const perOctave = 64;
const octaves = 26;

export class Histogram {
  readonly #counts = new Uint32Array(perOctave * (octaves + 1));
  #count = 0;
  #sumUs = 0;
  #maxUs = 0;

  record(us: number): void {
    const value = Math.max(0, Math.round(us));
    const at = Math.min(this.#counts.length - 1, bucketOf(value));
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#count += 1;
    this.#sumUs += value;
    if (value > this.#maxUs) this.#maxUs = value;
  }

  get count(): number {
    return this.#count;
  }

  get meanUs(): number {
    return this.#count === 0 ? 0 : this.#sumUs / this.#count;
  }

  get maxUs(): number {
    return this.#maxUs;
  }

  /** The smallest value that at least this part of all values do not exceed, as far as the buckets tell. */
  quantileUs(part: number): number {
    const wanted = Math.max(1, Math.ceil(part * this.#count));
    let seen = 0;
    for (const [at, count] of this.#counts.entries()) {
      seen += count;
      if (seen >= wanted) return Math.min(this.#maxUs, highestOf(at));
    }
    return this.#maxUs;
  }
}

/** The first two octaves' worth of values have buckets of their own; each further octave halves the precision. */
function bucketOf(value: number): number {
  if (value < perOctave) return value;
  const octave = Math.floor(Math.log2(value)) - Math.log2(perOctave);
  return perOctave * (octave + 1) + (Math.floor(value / 2 ** octave) - perOctave);
}

function highestOf(bucket: number): number {
  if (bucket < perOctave) return bucket;
  const octave = Math.floor(bucket / perOctave) - 1;
  return ((bucket % perOctave) + perOctave + 1) * 2 ** octave - 1;
}
