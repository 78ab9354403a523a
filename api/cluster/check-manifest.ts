// A thread of its own that looks a manifest over: a text that is made to take long takes no time of those who read and write.
import { parentPort, workerData } from "node:worker_threads";
import { messageOf } from "../../core/errors.ts";
import { ManifestError } from "../../core/manifest/manifest.ts";
import { parseManifest } from "../../core/manifest/parse.ts";
import type { Checked } from "./manifest-check.ts";

const check = (text: string): Checked => {
  try {
    parseManifest(text);
    return { ok: true };
  } catch (error) {
    return error instanceof ManifestError
      ? { ok: false, message: error.message, field: error.problems[0]?.path ?? "(document)" }
      : { ok: false, message: messageOf(error), field: "(document)" };
  }
};

parentPort?.postMessage(check(String(workerData)));
