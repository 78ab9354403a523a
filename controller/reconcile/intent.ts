// PURE, second step of a cycle: the manifest and what was counted -> what shall be.
import { isDeepStrictEqual } from "node:util";
import type { ManifestSpec } from "../../core/manifest/manifest.ts";
import { stepWindow } from "../../core/rules/window.ts";
import type { SpecNode, WrittenSpecNode } from "../../core/state/spec-node.ts";
import type { WindowNode } from "../../core/state/znodes.ts";
import { type Desired, desire } from "./desired.ts";
import type { Observed } from "./workers.ts";

export interface Intent {
  readonly spec: ManifestSpec;
  /** The accepted manifest as it shall stand in ZooKeeper. */
  readonly specNode: SpecNode;
  /** What a worker started now is made from, by host; without those of which that is not known for certain. */
  readonly specHashes: ReadonlyMap<string, string>;
  readonly desired: Desired;
  readonly window: WindowNode | null;
  readonly windowsEnded: number;
}

export function intend(spec: ManifestSpec, observed: Observed, specHashes: Intent["specHashes"]): Intent {
  const { window, ended } = stepWindow(observed.window, observed, spec.scaling, observed.nowMs);
  return {
    spec,
    specNode: nextSpecNode(spec, observed.spec),
    specHashes,
    desired: desire(spec.scaling, window),
    window,
    windowsEnded: ended,
  };
}

/** Counts the edits that were accepted; the same manifest again is no edit, unless a controller of another version wrote it otherwise. */
function nextSpecNode(spec: ManifestSpec, known: WrittenSpecNode | null): SpecNode {
  const isKnown = known !== null && isDeepStrictEqual(known.spec, spec);
  return { generation: (known?.generation ?? 0) + (isKnown ? 0 : 1), spec };
}
