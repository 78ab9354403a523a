import assert from "node:assert/strict";
import { readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Store } from "../../../../worker/copy/store.ts";
import { DamagedFileError } from "../../../../worker/sqlite-errors.ts";
import { batch, contentsOf, entry, insertion, marker, openCopy, temporaryDirectory } from "../copies.ts";
import { shop } from "../schemas.ts";

const order = (position: number, item: string) =>
  entry(position, batch(position, [insertion("orders", ["item"], [item])]));

async function reopened<T>(directory: string, look: (store: Store) => Promise<T>): Promise<T> {
  const store = await Store.open(directory);
  try {
    return await look(store);
  } finally {
    await store.close();
  }
}

/** A file with data in it, closed. */
async function closedCopy(t: Parameters<typeof temporaryDirectory>[0]): Promise<string> {
  const directory = await temporaryDirectory(t);
  await reopened(directory, async (store) => {
    await store.apply([entry(0, marker(1)), entry(1, batch(1, [{ schema: shop }]))]);
    const items = Array.from({ length: 500 }, (_, i) => [`item ${i}`]);
    await store.apply([entry(2, batch(2, [insertion("orders", ["item"], ...items)]))]);
  });
  return directory;
}

describe("a copy", () => {
  it("that is new stands before the first record", async (t) => {
    const store = await openCopy(t);
    assert.deepEqual(store.applied, { position: 0, epoch: 0, offset: -1, checksum: "" });
    assert.deepEqual(store.schema, { tables: [] });
  });

  it("knows its place, schema and data when it is opened again", async (t) => {
    const directory = await temporaryDirectory(t);
    const before = await reopened(directory, async (store) => {
      await store.apply([entry(0, marker(4)), entry(1, batch(1, [{ schema: shop }], [], 4))]);
      await store.apply([entry(2, batch(2, [insertion("orders", ["item"], ["tea"])], [], 4))]);
      return { applied: store.applied, contents: await contentsOf(store) };
    });
    await reopened(directory, async (store) => {
      assert.deepEqual(store.applied, before.applied);
      assert.deepEqual(await contentsOf(store), before.contents);
    });
  });

  it("records that fail leave nothing of themselves", async (t) => {
    const store = await openCopy(t, shop);
    const before = await contentsOf(store);
    const bad = entry(3, batch(3, [insertion("buyers", ["order", "name"], [9, "nobody"])]));
    await assert.rejects(store.apply([order(2, "tea"), bad]), { name: "DivergedError" });
    const unknown = entry(2, batch(2, [insertion("nothing", ["a"], [1])]));
    await assert.rejects(store.apply([unknown]), { name: "DivergedError" });
    assert.deepEqual(await contentsOf(store), before);
  });

  it("an open transaction of a process that died is rolled back", async (t) => {
    const directory = await closedCopy(t);
    const before = await reopened(directory, contentsOf);
    const store = await Store.open(directory);
    await store.writer.exec("BEGIN IMMEDIATE; DELETE FROM orders");
    await store.close();
    assert.deepEqual(await reopened(directory, contentsOf), before);
  });

  it("is closed without waiting for a slow query, which fails for no fault of its own", async (t) => {
    const directory = await temporaryDirectory(t);
    const store = await Store.open(directory);
    const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
    const queries = [1, 2, 3].map(() =>
      store.readers.quickly({ limitMs: 60_000 }, (connection) => connection.all(endless)),
    );
    const ends = Promise.all(queries.map((query) => assert.rejects(query, { name: "TransientError" })));
    await store.close();
    await ends;
  });

  it("readers see what is committed, and cannot write", async (t) => {
    const store = await openCopy(t, shop);
    await store.writer.exec("BEGIN IMMEDIATE; INSERT INTO orders (item) VALUES ('tea')");
    const count = () =>
      store.readers.quickly({ limitMs: 1_000 }, (connection) =>
        connection.all("SELECT count(*) AS n FROM orders"),
      );
    assert.deepEqual(await count(), [{ n: 0 }]);
    await store.writer.exec("COMMIT");
    assert.deepEqual(await count(), [{ n: 1 }]);
    await assert.rejects(
      store.readers.quickly({ limitMs: 1_000 }, (connection) => connection.exec("DELETE FROM orders")),
      /readonly/,
    );
  });
});

describe("a file that is damaged", () => {
  for (const [what, damage] of [
    [
      "is no database at all",
      async (file: string) => writeFile(file, "not a database, but long enough\n".repeat(50)),
    ],
    [
      "has garbage in the middle",
      async (file: string) => {
        const content = await readFile(file);
        content.fill(0xa5, 4096, content.length - 4096);
        await writeFile(file, content);
      },
    ],
    [
      "was cut short",
      async (file: string) => {
        const content = await readFile(file);
        await writeFile(file, content.subarray(0, Math.floor(content.length / 8192) * 4096));
      },
    ],
    [
      "is of a format that no version knows",
      async (_: string, directory: string) =>
        reopened(directory, (store) =>
          store.writer.exec("UPDATE _dbaas_meta SET value = 'x' WHERE name = 'format'"),
        ),
    ],
  ] as const)
    it(`because it ${what} is refused, put aside, and begun anew`, async (t) => {
      const directory = await closedCopy(t);
      const file = join(directory, "data.db");
      await damage(file, directory);
      await assert.rejects(Store.open(directory), DamagedFileError);
      await Store.discard(directory);
      await reopened(directory, async (store) => assert.equal(store.applied.position, 0));
      assert.ok((await stat(`${file}.discarded`)).size > 0);
    });

  it("a deleted file is an empty copy", async (t) => {
    const directory = await closedCopy(t);
    await Store.discard(directory);
    await reopened(directory, async (store) => assert.equal(store.applied.position, 0));
  });
});

describe("a copy that is read through", () => {
  const opened = async (t: Parameters<typeof temporaryDirectory>[0]) => {
    const directory = await closedCopy(t);
    const store = await Store.open(directory);
    t.after(() => store.close());
    return { store, file: join(directory, "data.db") };
  };

  it("is found whole while it is written to", async (t) => {
    const { store } = await opened(t);
    await Promise.all([store.check(), store.apply([order(3, "tea")])]);
  });

  it("is found damaged though nobody asks for the damaged part", async (t) => {
    const { store, file } = await opened(t);
    const content = await readFile(file);
    await writeFile(
      file,
      Buffer.concat([content.subarray(0, 4_096), Buffer.alloc(content.length - 4_096, 7)]),
    );
    await assert.rejects(store.check(), DamagedFileError);
  });

  it("is found cut short, and gone", async (t) => {
    const { store, file } = await opened(t);
    await truncate(file, 8_192);
    await assert.rejects(store.check(), DamagedFileError);
    await rm(file);
    await assert.rejects(store.check(), DamagedFileError);
  });
});

describe("a snapshot", () => {
  it("is the copy as it was at one moment, and replaces another copy's file", async (t) => {
    const donor = await openCopy(t, shop);
    await donor.apply([order(2, "tea")]);
    const wanted = await contentsOf(donor);
    const directory = await closedCopy(t);
    const file = join(await temporaryDirectory(t), "snapshot.db");
    const copying = donor.readers.copyTo(file);
    await donor.apply([order(3, "milk")]);
    await copying;
    await Store.install(directory, file);
    await reopened(directory, async (store) => {
      const contents = await contentsOf(store);
      if (store.applied.position === 2) assert.deepEqual(contents, wanted);
      else assert.deepEqual(contents, await contentsOf(donor));
    });
  });

  it("leaves nothing of the replaced file's write-ahead log behind", async (t) => {
    const directory = await closedCopy(t);
    await writeFile(join(directory, "data.db-wal"), "a log of the old file");
    const file = join(await temporaryDirectory(t), "snapshot.db");
    const donor = await openCopy(t, shop);
    await donor.readers.copyTo(file);
    await Store.install(directory, file);
    await reopened(directory, async (store) => assert.equal(store.applied.position, 1));
  });
});

describe("waiting for a position", () => {
  it("ends at once when the copy has it", async (t) => {
    const store = await openCopy(t, shop);
    assert.equal(await store.reaches(1, 0), true);
  });
  it("ends when it is applied", async (t) => {
    const store = await openCopy(t, shop);
    const waiting = store.reaches(3, 5_000);
    await store.apply([order(2, "tea")]);
    await store.apply([order(3, "milk")]);
    assert.equal(await waiting, true);
  });
  it("ends with no when the time is over", async (t) => {
    const store = await openCopy(t, shop);
    assert.equal(await store.reaches(2, 20), false);
  });
});
