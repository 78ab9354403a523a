import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { type Command, pathsOf, toJson } from "../../../../core/state/znodes.ts";
import { eventually, FakeZnodes } from "../fake-znodes.ts";
import { TestServer } from "../test-server.ts";
import { asking, refusalOf } from "./asking.ts";

const server = new TestServer();
const { call, post } = asking(server);
before(() => server.start());
after(() => server.stop());
const paths = pathsOf("test");
let fake = new FakeZnodes();
beforeEach(() => {
  fake = new FakeZnodes();
  server.cluster.set(fake);
  server.broker.connected = true;
  server.workers.master = "w-1";
});

describe("the cluster's routes", () => {
  it("list the pids of all workers that have one, ascending", async () => {
    for (const [name, pid] of [
      ["w-1", 4330],
      ["w-2", 1000],
      ["w-3", 2112],
      ["w-4", null],
    ] as const)
      await fake.put(paths.worker(name), toJson({ name, pid }));
    const response = await call("GET", "/api/v1/worker/list");
    assert.deepEqual([response.status, await response.json()], [200, [1000, 2112, 4330]]);
  });

  const commands = async () => (await fake.children(paths.commands)).map((id) => `${paths.commands}/${id}`);
  async function grant(outcome: Command["outcome"]) {
    await eventually(async () => (await commands()).length === 1);
    const [path = ""] = await commands();
    const command = JSON.parse(fake.nodes.get(path)?.data ?? "") as Command;
    await fake.set(path, toJson({ ...command, outcome }));
    return command.kind;
  }

  for (const [path, kind] of [
    ["/api/v1/crash/master", "crashMaster"],
    ["/api/v1/crash/slave", "crashSlave"],
    ["/api/v1/master/switchover", "switchover"],
    ["/api/v1/db/accept-loss", "acceptLoss"],
  ] as const)
    it(`${path} leaves a command and answers the pid that the controller tells`, async () => {
      const calling = post(path);
      assert.equal(await grant({ ok: true, pid: 4330 }), kind);
      const response = await calling;
      assert.deepEqual([response.status, await response.json()], [200, [4330]]);
      assert.deepEqual(await commands(), []);
    });

  it("/api/v1/db/accept-loss names the copy that goes on, and takes nothing else for one", async () => {
    assert.deepEqual(await refusalOf(await post("/api/v1/db/accept-loss?copy=w-02")), [
      400,
      "bad_request",
      "copy",
    ]);
    const calling = post("/api/v1/db/accept-loss?copy=w-2");
    await eventually(async () => (await commands()).length === 1);
    const [path = ""] = await commands();
    assert.equal((JSON.parse(fake.nodes.get(path)?.data ?? "") as Command).copy, "w-2");
    await grant({ ok: true, pid: 4330 });
    assert.equal((await calling).status, 200);
  });

  it("answer 409 with the reason when the controller finds nothing to kill", async () => {
    const calling = post("/api/v1/crash/slave");
    await grant({ ok: false, reason: "there is no slave" });
    const response = await calling;
    const { error } = (await response.clone().json()) as { error: { message: string } };
    assert.equal(error.message, "there is no slave");
    assert.deepEqual(await refusalOf(response), [409, "conflict", undefined]);
  });

  it("take a bounded number of commands at a time", async () => {
    const calling = Array.from({ length: 20 }, () => post("/api/v1/crash/slave"));
    const refused = await Promise.any(calling);
    assert.deepEqual(await refusalOf(refused), [503, "unavailable", undefined]);
    await eventually(async () => (await commands()).length === 16);
    for (const path of await commands())
      await fake.set(path, toJson({ kind: "crashSlave", madeAtMs: 1, outcome: { ok: true, pid: 1 } }));
    const statuses = (await Promise.all(calling)).map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 200).length, 16);
  });

  it("answer 503 when ZooKeeper is away", async () => {
    server.cluster.set(undefined);
    for (const response of [await call("GET", "/api/v1/worker/list"), await post("/api/v1/crash/master")])
      assert.deepEqual(await refusalOf(response), [503, "unavailable", undefined]);
  });

  it("show the status as the controller wrote it", async () => {
    assert.deepEqual(await refusalOf(await call("GET", "/api/v1/status")), [503, "unavailable", undefined]);
    await fake.put(paths.status, '{"cluster":"test"}');
    const response = await call("GET", "/api/v1/status");
    assert.deepEqual([response.status, await response.json()], [200, { cluster: "test" }]);
  });

  it("say that the process lives, and whether it can serve", async () => {
    assert.equal((await call("GET", "/healthz")).status, 200);
    assert.equal((await call("GET", "/readyz")).status, 200);
    server.broker.connected = false;
    server.workers.master = undefined;
    const response = await call("GET", "/readyz");
    const { error } = (await response.json()) as { error: { message: string } };
    assert.deepEqual([response.status, error.message], [503, "missing: the message broker, a master"]);
  });
});
