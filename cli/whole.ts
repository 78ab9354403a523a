// PURE: a manifest on its way between `./dbaas` and this program, known to be whole where it arrives: half of one may well be
// a valid manifest, with the front door open.
import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { CliError, exitCodes } from "./exit.ts";

export const digestOf = (bytes: string | Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** @throws CliError when a checksum was given and is not that of the bytes, or when they are no text */
export function requireWhole(bytes: Buffer, sha256: string | undefined): string {
  if (sha256 !== undefined && digestOf(bytes) !== sha256)
    throw new CliError(exitCodes.failed, "the manifest did not arrive whole; nothing was done");
  if (!isUtf8(bytes)) throw new CliError(exitCodes.usage, "the manifest is not valid UTF-8");
  return bytes.toString("utf8");
}

/** A last line with the text's length and checksum, which `./dbaas` takes off. */
export const withMark = (text: string): string =>
  `${text}\nwhole ${Buffer.byteLength(text)} ${digestOf(text)}\n`;
