// Where the operator's manifest stands, as clients read and replace it. On one host it is a file, which only those on the host write.
import { Refusal } from "../../core/errors.ts";
import { manifestLimits } from "../../core/manifest/parse.ts";
import { fromJson, type ManifestNode, toJson } from "../../core/state/znodes.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { readManifest } from "../../platform/process/manifest-file.ts";
import type { CurrentZnodes } from "./znodes.ts";

export interface StoredManifest {
  readonly text: string;
  /** Another one after each change; null for a file, which nothing here replaces. */
  readonly version: string | null;
}

export type Replaced = { readonly version: string } | "changed meanwhile";

export interface ManifestStore {
  /** Whether clients may put another one in its place. */
  readonly isReplaceable: boolean;
  /** @throws Refusal when there is none to be read */
  read(): Promise<StoredManifest>;
  /** @param version only in this version, when it is given. @throws Refusal when it cannot be kept */
  replace(text: string, version: string | undefined): Promise<Replaced>;
}

export const manifestInFile = (path: string | undefined): ManifestStore => ({
  read: async () => {
    const content = path === undefined ? { unreadable: "no file is named" } : await readManifest(path);
    if ("text" in content) return { text: content.text, version: null };
    throw new Refusal("unavailable", `the manifest cannot be read: ${content.unreadable}`);
  },
  isReplaceable: false,
  replace: async () => "changed meanwhile",
});

export interface ZnodeStoreOptions {
  readonly znodes: CurrentZnodes;
  readonly path: string;
  /** This API process. */
  readonly by: string;
  readonly clock: Pick<Clock, "wallMs">;
}

export const manifestInZooKeeper = ({ znodes, path, by, clock }: ZnodeStoreOptions): ManifestStore => ({
  isReplaceable: true,
  read: async () => {
    const session = znodes.get();
    const [, content] = await Promise.all([session.sync(), session.get(path)]);
    const node = content === null ? null : fromJson<ManifestNode>(content.data);
    if (content === null || node === null)
      throw new Refusal("unavailable", "the controller has not brought the first manifest yet");
    return { text: node.text, version: String(content.stat.version) };
  },
  replace: async (text, version) => {
    const data = toJson({ text, atMs: clock.wallMs(), by } satisfies ManifestNode);
    if (Buffer.byteLength(data) > manifestLimits.specBytesMax)
      throw new Refusal(
        "too_large",
        `takes more than ${manifestLimits.specBytesMax} bytes to keep`,
        "(body)",
      );
    const session = znodes.get();
    const before = version === undefined ? (await session.get(path))?.stat.version : Number(version);
    if (before === undefined) {
      if ((await session.create(path, data)) !== null) return { version: "0" };
      return "changed meanwhile";
    }
    return (await session.set(path, data, before)) ? { version: String(before + 1) } : "changed meanwhile";
  },
});
