// PURE: the accepted manifest as it stands in ZooKeeper, where a controller of another version may have written it: after a way back one
// that is older than the workers and the API is at work, and what it publishes lacks the fields that are newer than it.
import { completeSpec, type Written } from "../manifest/defaults.ts";
import type { ManifestSpec } from "../manifest/manifest.ts";
import { fromJson } from "./znodes.ts";

export interface SpecNode {
  readonly generation: number;
  readonly spec: ManifestSpec;
}

/** As it is written. The controller compares with this one: what lacks a field is published anew. */
export interface WrittenSpecNode {
  readonly generation: number;
  readonly spec: Written<ManifestSpec>;
}

/** @returns null when it cannot be read, or says nothing of a manifest */
export function writtenSpecFrom(text: string): WrittenSpecNode | null {
  const node = fromJson<Partial<WrittenSpecNode>>(text);
  const { generation = 0, spec } = node ?? {};
  return typeof spec === "object" && spec !== null ? { generation, spec } : null;
}

/** With the defaults of what it lacks. */
export const wholeSpecNode = ({ generation, spec }: WrittenSpecNode): SpecNode => ({
  generation,
  spec: completeSpec(spec),
});

/** The same at once. */
export function specNodeFrom(text: string): SpecNode | null {
  const written = writtenSpecFrom(text);
  return written === null ? null : wholeSpecNode(written);
}
