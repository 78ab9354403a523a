import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Dbaas } from "../../../client/client.ts";

function clientWith(answer: Response) {
  const seen: RequestInit[] = [];
  const fetch = async (_url: URL, init: RequestInit): Promise<Response> => {
    seen.push(init);
    return answer.clone();
  };
  return { seen, db: new Dbaas({ url: "http://db.example", fetch }) };
}

describe("the manifest, asked for by a client", () => {
  it("is the text as it stands, with its version", async () => {
    const headers = { "Content-Type": "application/yaml", ETag: '"7"' };
    const { db } = clientWith(new Response("kind: Database # ours\n", { headers }));
    assert.deepEqual(await db.manifest(), { text: "kind: Database # ours\n", version: "7" });
  });

  it("has no version on one host", async () => {
    const { db } = clientWith(new Response("a: 1", { headers: { "Content-Type": "application/yaml" } }));
    assert.equal((await db.manifest()).version, undefined);
  });

  it("is put in the place of the version that was read", async () => {
    const { db, seen } = clientWith(Response.json({ version: "8" }));
    await db.putManifest("a: 1\n", "7");
    const [{ method, body, headers } = {}] = seen;
    assert.deepEqual([method, body], ["PUT", "a: 1\n"]);
    assert.deepEqual(headers, { "Content-Type": "application/yaml", "If-Match": '"7"' });
  });
});
