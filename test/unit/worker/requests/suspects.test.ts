import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromJson, noterOf, pathsOf, type SuspectsNode, toJson } from "../../../../core/state/znodes.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { Suspects, type SuspectsOptions } from "../../../../worker/requests/suspects.ts";

const log = createLog({ program: "w-1", format: "json", level: "silent" });
const paths = pathsOf("c");

/** Notes as ZooKeeper keeps them, and the workers that are there. A worker's container has its name. */
function notebook(...alive: readonly string[]) {
  const notes = new Map<string, { data: string; czxid: number }>();
  const there = new Set(alive);
  let changes = 0;
  let isAway = false;
  const reached = <T>(work: () => T): Promise<T> =>
    isAway ? Promise.reject(new Error("away")) : Promise.resolve(work());
  const put = (path: string, data: string) => {
    changes += 1;
    notes.set(path, { data, czxid: notes.get(path)?.czxid ?? changes });
  };
  const session = {
    sync: () => reached(() => undefined),
    children: () =>
      reached(() => [...notes.keys()].map((path) => path.slice(paths.suspects.length + 1)).sort()),
    get: (path: string) =>
      reached(() => {
        const note = notes.get(path);
        return note === undefined ? null : { data: note.data, stat: { czxid: note.czxid } };
      }),
    put: (path: string, data: string) => reached(() => put(path, data)),
    remove: (path: string) => reached(() => notes.delete(path)),
  } as unknown as SuspectsOptions["session"];
  const peers = () => reached(() => [...there].map((name) => ({ node: { name, container: name } })));
  const pathOf = (name: string) => paths.suspect(noterOf(name, name));
  return {
    /** A session of this worker. */
    of: (name: string) => new Suspects({ session, paths, name, container: name, peers, log }),
    noted: () => [...notes.keys()].sort(),
    pathOf,
    /** As the controller does when it sees the container dead. */
    died: (name: string) => {
      there.delete(name);
      const note = fromJson<SuspectsNode>(notes.get(pathOf(name))?.data ?? "null");
      if (note !== null) put(pathOf(name), toJson({ ...note, died: true }));
    },
    /** Its session is over, for whatever reason. */
    lost: (name: string) => there.delete(name),
    leave: () => {
      isAway = true;
    },
  };
}

const told = async (suspects: Suspects, ...ids: readonly string[]) => {
  const { guilty, undecided } = await suspects.begin(ids);
  return { guilty: [...guilty].sort(), undecided: [...undecided].sort() };
};
const innocent = { guilty: [], undecided: [] };

describe("a suspect", () => {
  it("that a worker had begun whose process died is guilty, and no other", async () => {
    const book = notebook("a", "b");
    assert.deepEqual(await told(book.of("a"), "1", "2"), innocent);
    book.died("a");
    assert.deepEqual(await told(book.of("b"), "2", "3"), { guilty: ["2"], undecided: [] });
  });

  it("that a worker had begun which is out of reach is not decided, until that worker is back or dead", async () => {
    const book = notebook("a", "b");
    await book.of("a").begin(["1"]);
    book.lost("a");
    assert.deepEqual(await told(book.of("b"), "1"), { guilty: [], undecided: ["1"] });
    assert.deepEqual(await told(book.of("b"), "1"), { guilty: [], undecided: ["1"] }, "nor is it noted");
    await book.of("a").withdraw();
    assert.deepEqual(await told(book.of("b"), "1"), innocent);
  });

  it("is not held against itself by a worker whose session ended and whose process goes on", async () => {
    const book = notebook("a", "b");
    const session = book.of("a");
    await session.begin(["1"]);
    await session.withdraw();
    assert.deepEqual(book.noted(), []);
    book.died("a");
    assert.deepEqual(await told(book.of("b"), "1"), innocent);
  });

  it("that a live worker works on is not to blame yet", async () => {
    const book = notebook("a", "b");
    await book.of("a").begin(["1"]);
    assert.deepEqual(await told(book.of("b"), "1"), innocent);
  });

  it("is not held against the worker that noted it", async () => {
    const suspects = notebook("a").of("a");
    await suspects.begin(["1"]);
    assert.deepEqual(await told(suspects, "1"), innocent);
  });

  it("is noted beside those that are worked on at the same time", async () => {
    const book = notebook("a", "b");
    const first = book.of("a");
    await Promise.all(["1", "2", "3", "4"].map((id) => first.begin([id])));
    book.died("a");
    assert.deepEqual((await told(book.of("b"), "4", "1", "5")).guilty, ["1", "4"]);
  });

  it("that a worker failed at is guilty for every worker, and those beside it are not", async () => {
    const book = notebook("a", "b");
    const session = book.of("a");
    await session.begin(["1", "2"]);
    await session.blame(["2"]);
    await session.withdraw();
    book.lost("a");
    assert.deepEqual(await told(book.of("b"), "1", "2"), { guilty: ["2"], undecided: [] });
    const next = book.of("a");
    await next.withdraw();
    assert.deepEqual(await told(next, "1", "2"), { guilty: ["2"], undecided: [] });
  });

  it("is forgotten when many workers are gone since, whatever any clock says", async () => {
    const book = notebook("z");
    for (let n = 1; n <= 40; n++) await book.of(`w-${n}`).begin([`${n}`]);
    await book.of("z").begin(["x"]);
    assert.ok(book.noted().length <= 34, `${book.noted().length} notes`);
    assert.ok(!book.noted().includes(book.pathOf("w-1")));
    assert.ok(book.noted().includes(book.pathOf("w-40")));
  });

  it("is worked on when ZooKeeper is away", async () => {
    const book = notebook("b");
    await book.of("gone").begin(["1"]);
    book.died("gone");
    book.leave();
    assert.deepEqual(await told(book.of("a"), "1"), innocent);
  });
});
