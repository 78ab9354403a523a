import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sendCommand } from "../../../api/cluster/commands.ts";
import { runSessions } from "../../../api/cluster/sessions.ts";
import { Spec } from "../../../api/cluster/spec.ts";
import { Workers } from "../../../api/cluster/workers.ts";
import type { AccessSpec } from "../../../core/access.ts";
import { Refusal } from "../../../core/errors.ts";
import { knownSince, knownStatements } from "../../../core/messages/statement.ts";
import { pathsOf, toJson } from "../../../core/state/znodes.ts";
import { systemClock } from "../../../platform/process/clock.ts";
import { createLog } from "../../../platform/telemetry/log.ts";
import { defaultSpec, specsThatLackOne } from "../../support/default-spec.ts";
import { eventually, FakeZnodes } from "./fake-znodes.ts";

const log = createLog({ program: "api", format: "json", level: "silent" });
const paths = pathsOf("test");

describe("the API's view of the cluster", () => {
  it("takes the manifest's requests part, and keeps what it knew when the znode is gone or unreadable", async () => {
    const znodes = new FakeZnodes();
    const scope = new AbortController();
    const spec = new Spec(() => undefined);
    assert.equal(spec.requests.timeoutMs, 10_000);
    const following = spec.watch({ znodes, clock: systemClock, scope: scope.signal }, paths.spec);
    await znodes.put(paths.spec, toJson({ generation: 1, spec: { requests: { timeoutMs: 3_000 } } }));
    await eventually(() => spec.requests.timeoutMs === 3_000);
    assert.equal(spec.requests.bodyBytesMax, 1024 * 1024);
    await znodes.put(paths.spec, "{");
    await znodes.remove(paths.spec);
    await eventually(() => !znodes.nodes.has(paths.spec));
    assert.equal(spec.requests.timeoutMs, 3_000);
    scope.abort();
    await following;
  });

  for (const { field, spec: written } of specsThatLackOne())
    it(`goes by the default of ${field} where an earlier controller's spec does not have it`, async () => {
      const znodes = new FakeZnodes();
      const scope = new AbortController();
      const told: AccessSpec[] = [];
      const spec = new Spec((access) => told.push(access));
      await znodes.put(paths.spec, toJson({ generation: 1, spec: written }));
      const following = spec.watch({ znodes, clock: systemClock, scope: scope.signal }, paths.spec);
      await eventually(() => spec.scaling !== null);
      const { requests, scaling, backup } = spec;
      const { access, ...others } = defaultSpec;
      assert.deepEqual({ ...others, requests, scaling, backup }, others);
      // Nobody is let in by a silence: the door stays as it is.
      assert.deepEqual(told, /^access(\.tokens)?$/.test(field) ? [] : [access]);
      scope.abort();
      await following;
    });

  it("tells a new master from the one it knew, and counts the slaves", async () => {
    const znodes = new FakeZnodes();
    const scope = new AbortController();
    let changes = 0;
    const workers = new Workers(paths, () => {
      changes += 1;
    });
    const following = workers.watch({ znodes, clock: systemClock, scope: scope.signal });
    assert.deepEqual([workers.master, workers.slaves], [undefined, 0]);
    for (const name of ["w-1", "w-2", "w-3"]) await znodes.put(paths.worker(name), "{}");
    await znodes.put(paths.master, toJson({ name: "w-1", atWork: true }));
    await eventually(() => workers.master === "w-1" && workers.slaves === 2);
    assert.equal(changes, 0);
    await znodes.remove(paths.master);
    await eventually(() => workers.master === undefined);
    await znodes.put(paths.master, toJson({ name: "w-2" }));
    await eventually(() => workers.master === "w-2");
    assert.equal(changes, 0, "it takes no writes yet");
    await znodes.put(paths.master, toJson({ name: "w-2", atWork: true }));
    await eventually(() => changes === 1);
    // The same name in another session is another master.
    await znodes.remove(paths.master);
    await znodes.put(paths.master, toJson({ name: "w-2", atWork: true }));
    await eventually(() => changes === 2);
    scope.abort();
    await following;
  });
});

describe("how far the workers know the kinds of statements", () => {
  for (const [who, told, known] of [
    ["a master of before SQL", {}, 0],
    ["a master that told of SQL alone", { sql: true }, knownSince.sql],
    ["a master of this version", { sql: true, statements: knownStatements }, knownStatements],
    ["a master of a later version", { sql: true, statements: knownStatements + 1 }, knownStatements + 1],
  ] as const)
    it(`is what ${who} says`, async () => {
      const znodes = new FakeZnodes();
      const scope = new AbortController();
      const workers = new Workers(paths, () => undefined);
      const following = workers.watch({ znodes, clock: systemClock, scope: scope.signal });
      assert.equal(workers.knownStatements, knownStatements, "while there is no master");
      await znodes.put(paths.master, toJson({ name: "w-1", ...told }));
      await eventually(() => workers.master === "w-1");
      assert.equal(workers.knownStatements, known);
      scope.abort();
      await following;
    });
});

describe("a command that the controller does not carry out", () => {
  const command = (znodes: FakeZnodes) =>
    sendCommand(znodes, paths, { kind: "crashSlave" }, { clock: systemClock, withinMs: 20 });
  const saysIt = (message: RegExp) => (error: unknown) =>
    error instanceof Refusal && error.code === "unavailable" && message.test(error.message);

  it("is withdrawn", async () => {
    const znodes = new FakeZnodes();
    await assert.rejects(command(znodes), saysIt(/nothing was done/));
    assert.equal(znodes.nodes.size, 0);
  });

  it("stays when it was already begun, and is not to be asked for again", async () => {
    const znodes = new FakeZnodes();
    const asking = command(znodes);
    await eventually(() => znodes.nodes.size === 1);
    const [path = ""] = znodes.nodes.keys();
    await znodes.set(
      path,
      toJson({ kind: "crashSlave", madeAtMs: 1, chosen: { name: "w-2", container: "c", pid: 7 } }),
    );
    const outcome = await asking;
    assert.ok(
      !outcome.ok && /has begun/.test(outcome.reason),
      "a refusal that is no invitation to repeat it",
    );
    assert.equal(znodes.nodes.size, 1);
  });
});

describe("a session", () => {
  class FakeConnection {
    readonly #ended = new AbortController();
    readonly ended = this.#ended.signal;
    closed = false;
    end = () => this.#ended.abort(new Error("lost"));
    close = () => {
      this.closed = true;
      this.end();
    };
  }

  it("is followed by another when it ended, failed to open or failed to set up, until stopped", async () => {
    const stop = new AbortController();
    const connections: FakeConnection[] = [];
    const scopes: AbortSignal[] = [];
    let tries = 0;
    const running = runSessions(
      {
        name: "fake",
        open: async () => {
          tries += 1;
          if (tries === 1) throw new Error("refused");
          const connection = new FakeConnection();
          connections.push(connection);
          return connection;
        },
        use: async (connection, scope) => {
          scopes.push(scope);
          if (tries === 2) throw new Error("no such queue");
          if (tries === 3) connection.end();
          if (tries === 4) stop.abort();
        },
        clock: systemClock,
        log,
      },
      stop.signal,
    );
    await running;
    assert.equal(tries, 4);
    assert.deepEqual(
      connections.map(({ closed }) => closed),
      [true, true, true],
    );
    assert.deepEqual(
      scopes.map(({ aborted }) => aborted),
      [true, true, true],
    );
  });
});
