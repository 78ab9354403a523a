import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sleep } from "../../../../platform/process/waiting.ts";
import { type ReadPool, readConnections } from "../../../../worker/copy/read-pool.ts";
import type { Connection } from "../../../../worker/disk.ts";
import { imageThreads } from "../../../support/image-threads.ts";
import { openCopy } from "../copies.ts";

const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
const forever = (connection: Connection) => connection.all(endless);
const once = (connection: Connection) => connection.all("SELECT 1 AS one");
const slowly = (limitMs: number, isHeavy = false, onSlow = () => true) => ({ limitMs, isHeavy, onSlow });

/** How each of them ended, in the order in which they did. */
function ends(pool: ReadPool, count: number, use: ReturnType<typeof slowly>): readonly Promise<string>[] {
  return Array.from({ length: count }, () =>
    pool.use(use, forever).then(
      () => "answered",
      (error: Error) => error.name,
    ),
  );
}

/** Calls of the system that are no connection's: files, names of hosts. */
const threadsBeside = 2;
/** The writer, a copy that is made for another worker, and one that is read through. */
const otherConnections = 3;

describe("the reading connections", () => {
  it("have a thread each in the image, beside the writer and what else a worker does", () => {
    const needed = readConnections + otherConnections + threadsBeside;
    assert.ok(imageThreads >= needed, `${imageThreads} threads`);
  });

  it("answer quick reads while more slow ones are asked than there are places", async (t) => {
    const { readers } = await openCopy(t);
    const slow = ends(readers, 30, slowly(60_000));
    for (let i = 0; i < 20; i++) assert.deepEqual(await readers.use(slowly(1_000), once), [{ one: 1 }]);
    const refused = (await Promise.race(slow)) === "Refusal";
    assert.ok(refused, "what may not wait is refused, and no slow one has ended");
    await readers.close();
    const names = new Set(await Promise.all(slow));
    assert.deepEqual([...names].sort(), ["Refusal", "TransientError"]);
  });

  it("give a read that takes long all of its time, without others waiting for it", async (t) => {
    const { readers } = await openCopy(t);
    let moved = 0;
    const use = slowly(400, false, () => {
      moved += 1;
      return true;
    });
    assert.deepEqual(await Promise.all(ends(readers, 3, use)), [
      "InterruptedError",
      "InterruptedError",
      "InterruptedError",
    ]);
    assert.equal(moved, 3);
  });

  it("refuse a read that would have to wait and may not", async (t) => {
    const { readers } = await openCopy(t);
    const holding = ends(readers, 2, slowly(60_000));
    await assert.rejects(
      readers.use(
        slowly(60_000, false, () => false),
        async (connection) => {
          await Promise.race([...holding, forever(connection)]);
        },
      ),
      { name: "Refusal", code: "unavailable" },
    );
    await readers.close();
  });

  it("give what was slow before one quick place at most", async (t) => {
    const { readers } = await openCopy(t);
    let running = 0;
    let most = 0;
    const counted = async (connection: Connection) => {
      running += 1;
      most = Math.max(most, running);
      await once(connection);
      running -= 1;
    };
    await Promise.all(Array.from({ length: 10 }, () => readers.use(slowly(1_000, true), counted)));
    assert.equal(most, 1);
  });

  it("interrupt a statement that begins only after its time was over", async (t) => {
    const { readers, writer } = await openCopy(t);
    const late = async (connection: Connection) => {
      await sleep(60);
      return forever(connection);
    };
    await assert.rejects(readers.quickly({ limitMs: 20 }, late), { name: "InterruptedError" });
    await assert.rejects(
      writer.limited(20, () => late(writer)),
      { name: "InterruptedError" },
    );
    assert.deepEqual(await readers.quickly({ limitMs: 1_000 }, once), [{ one: 1 }]);
    assert.deepEqual(await once(writer), [{ one: 1 }]);
  });

  it("wait for room before the time of a read begins", async (t) => {
    const { readers } = await openCopy(t);
    const waits = [sleep(60), sleep(60)];
    const room = () => waits.pop();
    assert.deepEqual(await readers.quickly({ limitMs: 40, room }, once), [{ one: 1 }]);
    assert.equal(waits.length, 0);
  });

  it("hold no place while they wait for room", async (t) => {
    const { readers } = await openCopy(t);
    let isRoom = false;
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const waiting = Array.from({ length: 8 }, (_, i) =>
      readers.use({ ...slowly(1_000, i % 2 === 0), room: () => (isRoom ? undefined : opened) }, once),
    );
    assert.deepEqual(await readers.quickly({ limitMs: 1_000 }, once), [{ one: 1 }]);
    isRoom = true;
    open();
    assert.deepEqual((await Promise.all(waiting)).flat(), Array(8).fill({ one: 1 }));
  });
});
