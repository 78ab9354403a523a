// What the manifest says about requests and who may make them, as the controller last accepted it. Until it has said anything, defaults hold:
// reads and writes must not wait for the controller.
import type { AccessSpec } from "../../core/access.ts";
import { defaultSpec } from "../../core/manifest/defaults.ts";
import type { BackupSpec, ManifestSpec, RequestSpec, ScalingSpec } from "../../core/manifest/manifest.ts";
import { wholeSpecNode, writtenSpecFrom } from "../../core/state/spec-node.ts";
import { keepLooking, type Watched } from "./znodes.ts";

export class Spec {
  readonly #onAccess: (access: AccessSpec) => void;
  #spec: ManifestSpec | null = null;

  constructor(onAccess: (access: AccessSpec) => void) {
    this.#onAccess = onAccess;
  }

  get requests(): RequestSpec {
    return (this.#spec ?? defaultSpec).requests;
  }

  /** Null until the controller has accepted a manifest. */
  get scaling(): ScalingSpec | null {
    return this.#spec?.scaling ?? null;
  }

  /** Null until the controller has accepted a manifest. */
  get backup(): BackupSpec | null {
    return this.#spec?.backup ?? null;
  }

  watch(watched: Watched, path: string): Promise<void> {
    return keepLooking(watched, "node", path, async () => {
      const node = await watched.znodes.get(path);
      const written = node === null ? null : writtenSpecFrom(node.data);
      // A node that went away, or cannot be read, leaves what was known: it says nothing new.
      if (written === null) return;
      this.#spec = wholeSpecNode(written).spec;
      // The one default that is not taken from a silence: it lets everybody in.
      if (written.spec.access?.tokens !== undefined) this.#onAccess(this.#spec.access);
    });
  }
}
