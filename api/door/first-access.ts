// What the API goes by until the controller has spoken: the manifest file itself, read once. Requests need not wait for
// the controller or for ZooKeeper, and yet none passes that the manifest forbids.
import { readFileSync, statSync } from "node:fs";
import { messageOf } from "../../protocol/errors.ts";
import type { Log } from "../../protocol/log.ts";
import { manifestLimits, parseManifest } from "../../protocol/manifest-parse.ts";
import type { Access } from "./door.ts";

export function firstAccess(manifest: string, log: Log): Access {
  try {
    if (statSync(manifest).size > manifestLimits.textLengthMax) throw new Error("it is too long");
    return parseManifest(readFileSync(manifest, "utf8")).spec.access;
  } catch (error) {
    log.warn(
      { file: manifest, reason: messageOf(error) },
      "the manifest says not who may ask: closed for now",
    );
    return "unknown";
  }
}
