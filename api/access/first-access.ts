// What the API goes by until the controller has spoken: the manifest file itself. Requests need not wait for the controller
// or for ZooKeeper, and yet none passes that the manifest forbids: a file that may be half-written leaves the door closed.
import type { AccessSpec } from "../../core/access.ts";
import type { StandMs } from "../../core/manifest/standing.ts";
import { ManifestFile } from "../../platform/process/manifest-file.ts";
import type { Log } from "../../platform/telemetry/log.ts";

export interface FirstAccessOptions {
  readonly file: string;
  readonly goBy: (access: AccessSpec) => void;
  readonly log: Log;
  readonly standMs?: StandMs;
}

/** Resolves after the first look; goes on looking until `told` fires: the controller has spoken, or the program ends. */
export async function watchFirstAccess(options: FirstAccessOptions, told: AbortSignal): Promise<void> {
  const { file, goBy, log, standMs } = options;
  const onChange = () => {
    const { spec } = manifest.state;
    if (spec !== null && !told.aborted) goBy(spec.access);
  };
  const manifest = new ManifestFile(file, log, standMs);
  manifest.onChange(onChange, told);
  await manifest.watch(told);
  if (manifest.state.spec === null)
    log.warn({ file }, "the manifest does not say yet who may ask: closed for now");
}
