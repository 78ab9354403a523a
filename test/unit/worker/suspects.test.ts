import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createLog } from "../../../protocol/log.ts";
import { pathsOf, toJson } from "../../../protocol/znodes.ts";
import { Suspects, type SuspectsOptions } from "../../../worker/suspects.ts";

const log = createLog({ program: "w-1", format: "json", level: "silent" });
const paths = pathsOf("c");
const hourMs = 3_600_000;

/** Notes as ZooKeeper keeps them, and the lives that are going on. */
function notebook(alive: readonly string[]) {
  const notes = new Map<string, { data: string; modifiedAtMs: number }>();
  let nowMs = 0;
  let isAway = false;
  const reached = <T>(work: () => T): Promise<T> =>
    isAway ? Promise.reject(new Error("away")) : Promise.resolve(work());
  const session = {
    children: () =>
      reached(() => [...notes.keys()].map((path) => path.slice(paths.suspects.length + 1)).sort()),
    get: (path: string) =>
      reached(() => {
        const note = notes.get(path);
        return note && { data: note.data, stat: { modifiedAtMs: note.modifiedAtMs } };
      }),
    put: (path: string, data: string) => reached(() => void notes.set(path, { data, modifiedAtMs: nowMs })),
    remove: (path: string) => reached(() => notes.delete(path)),
  } as unknown as SuspectsOptions["session"];
  const peers = () => reached(() => alive.map((guid) => ({ node: { guid } })));
  return {
    of: (guid: string) => new Suspects({ session, paths, guid, peers, now: () => nowMs, log }),
    noted: () => [...notes.keys()].sort(),
    write: (guid: string, ids: readonly string[]) =>
      notes.set(paths.suspect(guid), { data: toJson(ids), modifiedAtMs: nowMs }),
    pass: (ms: number) => {
      nowMs += ms;
    },
    leave: () => {
      isAway = true;
    },
  };
}

describe("a suspect", () => {
  it("that a worker had begun which is gone is guilty, and no other", async () => {
    const book = notebook(["b"]);
    assert.deepEqual([...(await book.of("a").begin(["1", "2"]))], []);
    assert.deepEqual([...(await book.of("b").begin(["2", "3"]))], ["2"]);
  });

  it("that a live worker works on is nobody's fault yet", async () => {
    const book = notebook(["a", "b"]);
    await book.of("a").begin(["1"]);
    assert.deepEqual([...(await book.of("b").begin(["1"]))], []);
  });

  it("is not held against the worker that noted it", async () => {
    const suspects = notebook([]).of("a");
    await suspects.begin(["1"]);
    assert.deepEqual([...(await suspects.begin(["1"]))], []);
  });

  it("is noted beside those that are worked on at the same time", async () => {
    const book = notebook([]);
    const first = book.of("a");
    await Promise.all(["1", "2", "3", "4"].map((id) => first.begin([id])));
    assert.deepEqual([...(await book.of("b").begin(["4", "1", "5"]))].sort(), ["1", "4"]);
  });

  it("is forgotten when nobody can wait for its answer any more", async () => {
    const book = notebook([]);
    book.write("old", ["1"]);
    book.pass(2 * hourMs);
    await book.of("a").begin(["2"]);
    assert.deepEqual(book.noted(), [paths.suspect("a")]);
  });

  it("is worked on when ZooKeeper is away", async () => {
    const book = notebook([]);
    book.write("gone", ["1"]);
    book.leave();
    assert.deepEqual([...(await book.of("a").begin(["1"]))], []);
  });
});
