// What the programs rely on in ZooKeeper: the real one through our session, and the one in memory with which the cluster is
// simulated.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sleep } from "../../platform/process/waiting.ts";
import type { ZooKeeperSession } from "../../platform/zookeeper/zookeeper.ts";

export type Session = Pick<
  ZooKeeperSession,
  | "ended"
  | "silent"
  | "create"
  | "ensure"
  | "get"
  | "stat"
  | "children"
  | "set"
  | "put"
  | "remove"
  | "sync"
  | "watch"
  | "close"
>;

export interface ZooKeeperUnderTest {
  readonly open: () => Promise<void>;
  readonly connect: () => Promise<Session>;
  readonly close: () => Promise<void>;
  /** A path of this test run's own. */
  readonly root: string;
}

const withinMs = 60_000;

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) assert.fail(`not within ${withinMs} ms: ${what}`);
    await sleep(5);
  }
}

export function zooKeeperContract(kind: string, zooKeeper: ZooKeeperUnderTest): void {
  describe(`ZooKeeper: ${kind}`, () => {
    const { root } = zooKeeper;
    let one: Session;
    let other: Session;

    before(async () => {
      await zooKeeper.open();
      one = await zooKeeper.connect();
      other = await zooKeeper.connect();
      await one.ensure(root);
    });
    after(async () => {
      one.close();
      other.close();
      await zooKeeper.close();
    });

    it("a node is made once and seen by everybody", async () => {
      assert.equal(await one.create(`${root}/a`, "first"), `${root}/a`);
      assert.equal(await other.create(`${root}/a`, "second"), null);
      await other.sync();
      assert.equal((await other.get(`${root}/a`))?.data, "first");
      assert.equal(await other.get(`${root}/none`), null);
      assert.equal(await other.stat(`${root}/none`), null);
    });

    it("is changed only in the version that was seen, when one is named", async () => {
      await one.create(`${root}/v`, "0");
      assert.equal(await one.set(`${root}/v`, "1", 0), true);
      assert.equal(await other.set(`${root}/v`, "2", 0), false);
      assert.equal(await other.set(`${root}/v`, "3"), true);
      await one.sync();
      const { data, stat } = (await one.get(`${root}/v`)) ?? assert.fail();
      assert.deepEqual([data, stat.version], ["3", 2]);
      assert.equal(await one.set(`${root}/none`, ""), false);
      assert.equal(await one.remove(`${root}/v`, 0), false);
      assert.equal(await one.remove(`${root}/v`), true);
      assert.equal(await one.remove(`${root}/v`), false);
    });

    it("put makes what is not there and changes what is", async () => {
      await one.put(`${root}/p`, "1");
      await other.put(`${root}/p`, "2");
      await one.sync();
      assert.equal((await one.get(`${root}/p`))?.data, "2");
    });

    it("each life of a path has a number greater than all before it", async () => {
      await one.create(`${root}/l`, "");
      const first = (await one.stat(`${root}/l`))?.czxid ?? assert.fail();
      await one.set(`${root}/l`, "x");
      assert.equal((await one.stat(`${root}/l`))?.czxid, first);
      await one.remove(`${root}/l`);
      await other.create(`${root}/l`, "");
      await one.sync();
      assert.ok(((await one.stat(`${root}/l`))?.czxid ?? 0) > first);
    });

    it("names the children in order, and keeps a parent that has some", async () => {
      await one.ensure(`${root}/c`);
      await one.create(`${root}/c/y`, "");
      await one.create(`${root}/c/x`, "");
      await one.ensure(`${root}/c/x/deep`);
      await other.sync();
      assert.deepEqual(await other.children(`${root}/c`), ["x", "y"]);
      assert.deepEqual(await other.children(`${root}/none`), []);
      assert.equal(await one.remove(`${root}/c/x`), false);
    });

    it("what is asked for behind a sync is as new as all that was written before it", async () => {
      await one.create(`${root}/f`, "");
      for (let i = 0; i < 50; i++) {
        await one.set(`${root}/f`, String(i));
        const [, found] = await Promise.all([other.sync(), other.get(`${root}/f`)]);
        assert.equal(found?.data, String(i));
      }
    });

    it("sequential nodes count upwards", async () => {
      const made = [
        await one.create(`${root}/s-`, "", { sequential: true }),
        await other.create(`${root}/s-`, "", { sequential: true }),
      ];
      assert.match(made[0] ?? "", /\/s-\d{10}$/);
      assert.ok((made[0] ?? "") < (made[1] ?? ""));
    });

    it("an ephemeral node is its session's own and goes with it, and others are told", async () => {
      const session = await zooKeeper.connect();
      await session.create(`${root}/e`, "", { ephemeral: true });
      assert.equal((await session.stat(`${root}/e`))?.mine, true);
      await other.sync();
      assert.equal((await other.stat(`${root}/e`))?.mine, false);
      let wakes = 0;
      other.watch("node", `${root}/e`, () => {
        wakes += 1;
      });
      await other.get(root);
      session.close();
      assert.equal(session.ended.aborted, true);
      await until("its going was told", () => wakes > 0);
      assert.equal(await other.get(`${root}/e`), null);
      await assert.rejects(session.get(root), { name: "TransientError" });
    });

    it("a watch tells of every change, until its scope is over", async () => {
      const scope = new AbortController();
      let wakes = 0;
      const wake = () => {
        wakes += 1;
      };
      other.watch("node", `${root}/w`, wake, scope.signal);
      await other.get(root);
      for (const act of [
        () => one.create(`${root}/w`, ""),
        () => one.set(`${root}/w`, "1"),
        () => one.set(`${root}/w`, "2"),
        () => one.remove(`${root}/w`),
        () => one.create(`${root}/w`, ""),
      ]) {
        // Behind the answer to a read the watch stands again: what changes before that is seen by looking, not told.
        await Promise.all([other.sync(), other.get(root)]);
        const before = wakes;
        await act();
        await until("the change was told", () => wakes > before);
      }
      scope.abort();
      const before = wakes;
      await one.set(`${root}/w`, "3");
      await other.get(root);
      await sleep(100);
      assert.equal(wakes, before);
    });

    it("a watch on children tells when one comes or goes", async () => {
      await one.ensure(`${root}/k`);
      let wakes = 0;
      other.watch("children", `${root}/k`, () => {
        wakes += 1;
      });
      for (const act of [() => one.create(`${root}/k/1`, ""), () => one.remove(`${root}/k/1`)]) {
        // As above: told is what happens once the watch stands.
        await Promise.all([other.sync(), other.get(root)]);
        const before = wakes;
        await act();
        await until("it was told", () => wakes > before);
      }
    });
  });
}
