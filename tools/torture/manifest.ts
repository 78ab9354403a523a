// The manifest of the tortured cluster, as it stands beside this file's source.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { rootDir } from "../cluster/settings.ts";

export const baselineWorkers = 4;

export const baseline = (): Promise<string> =>
  readFile(join(rootDir, "tools", "torture", "manifest.yaml"), "utf8");
