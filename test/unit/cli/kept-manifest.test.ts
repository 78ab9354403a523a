import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { keptBy, replaceKept } from "../../../cli/kept-manifest.ts";
import { digestOf } from "../../../cli/whole.ts";

const textWith = (spec: string) =>
  `apiVersion: dbaas.rideshare/v1\nkind: Database\nmetadata: { name: x }\nspec: ${spec}\n`;

function cluster(text: string | null) {
  const kept = { text, version: 3 };
  return {
    kept,
    keptManifest: async () => (kept.text === null ? null : { text: kept.text, version: kept.version }),
    keepManifest: async (next: string, version: number) => {
      if (version !== kept.version) return false;
      kept.text = next;
      kept.version += 1;
      return true;
    },
  };
}

describe("the manifest of a cluster on several hosts", () => {
  const before = textWith("{}");
  const after = textWith("{ paused: true }");

  it("is replaced by an edit of it", async () => {
    const view = cluster(before);
    await replaceKept(view, after, digestOf(before));
    assert.equal(view.kept.text, after);
  });

  it("stays when it is not the one that was edited", async () => {
    const view = cluster(textWith("{ scaling: { min: 2 } }"));
    await assert.rejects(replaceKept(view, after, digestOf(before)), /changed by another program meanwhile/);
    assert.equal(view.kept.version, 3);
  });

  it("stays when it is changed while the edit arrives", async () => {
    const view = cluster(before);
    const keepManifest = async () => false;
    await assert.rejects(replaceKept({ ...view, keepManifest }, after, digestOf(before)), /meanwhile/);
  });

  it("takes no text that is not valid", async () => {
    const view = cluster(before);
    await assert.rejects(replaceKept(view, "kind: Nothing", digestOf(before)), { name: "ManifestError" });
    assert.equal(view.kept.text, before);
  });

  it("is not there before the controller has brought the first one", async () => {
    await assert.rejects(keptBy(cluster(null)), /ZooKeeper holds no manifest yet/);
  });
});
