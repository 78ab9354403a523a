// PURE: how much traffic is on a line of the picture -> how fast its dots move. On a scale of ratios: a thousand requests a
// second look busier than ten, but stay calm.

export interface Flow {
  /** Of the animation; 0 stands still. */
  readonly speed: number;
  readonly opacity: number;
}

export const still: Flow = { speed: 0, opacity: 0.0 };

export function flowOf(perSecond: number): Flow {
  if (perSecond <= 0.05) return still;
  const strength = Math.min(1, Math.log10(1 + perSecond) / 4);
  return { speed: 0.35 + 1.65 * strength, opacity: 0.55 + 0.45 * strength };
}
