// PURE: what a worker container was made from, as a short text in one of its labels. It has a part for the image, one
// for the limits and one for everything else, so that a difference can be told in words.
import { createHash } from "node:crypto";

export interface SpecParts {
  /** By id: a name goes on to mean another image after each build. */
  readonly image: string;
  readonly limits: unknown;
  readonly settings: unknown;
}

const separator = "-";

const hashOf = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 12);

export const specLabel = ({ image, limits, settings }: SpecParts): string =>
  [image, limits, settings].map(hashOf).join(separator);

/** Why a container made from `has` is not as one made from `shall`; null when it is. */
export function whyOutdated(has: string, shall: string): string | null {
  if (has === shall) return null;
  const [image, limits, ...rest] = has.split(separator);
  const [imageWanted, limitsWanted] = shall.split(separator);
  if (rest.length === 0) return "was made by an earlier version";
  if (image !== imageWanted) return "runs an older image";
  return limits === limitsWanted
    ? "was started with other settings"
    : "has other limits than the manifest asks for";
}
