// What the manifest says about requests and who may make them, as the controller last accepted it. Until it has said anything, defaults hold:
// reads and writes must not wait for the controller.
import type { AccessSpec } from "../../core/access.ts";
import { specSchema } from "../../core/manifest/fields.ts";
import type { BackupSpec, RequestSpec, ScalingSpec } from "../../core/manifest/manifest.ts";
import { fromJson, type SpecNode } from "../../core/state/znodes.ts";
import { keepLooking, type Watched } from "./znodes.ts";

const defaults: RequestSpec = specSchema.parse({}).requests;

export class Spec {
  readonly #onAccess: (access: AccessSpec) => void;
  #requests = defaults;
  #scaling: ScalingSpec | null = null;
  #backup: BackupSpec | null = null;

  constructor(onAccess: (access: AccessSpec) => void) {
    this.#onAccess = onAccess;
  }

  get requests(): RequestSpec {
    return this.#requests;
  }

  /** Null until the controller has accepted a manifest. */
  get scaling(): ScalingSpec | null {
    return this.#scaling;
  }

  /** Null until the controller has accepted a manifest that says it. */
  get backup(): BackupSpec | null {
    return this.#backup;
  }

  watch(watched: Watched, path: string): Promise<void> {
    return keepLooking(watched, "node", path, async () => {
      const node = await watched.znodes.get(path);
      // A node that went away leaves what was known: it says nothing new.
      if (node === null) return;
      const spec = fromJson<SpecNode>(node.data)?.spec;
      this.#requests = { ...this.#requests, ...spec?.requests };
      this.#scaling = spec?.scaling ?? this.#scaling;
      this.#backup = spec?.backup ?? this.#backup;
      if (spec?.access !== undefined) this.#onAccess(spec.access);
    });
  }
}
