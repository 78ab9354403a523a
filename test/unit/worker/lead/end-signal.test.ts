import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type DrainNode, toJson } from "../../../../core/state/znodes.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import type { NodeContent } from "../../../../platform/zookeeper/port.ts";
import { endWhenTold } from "../../../../worker/lead/end-signal.ts";

const log = createLog({ program: "w-1", format: "json", level: "silent" });
const stat = { czxid: 1, mzxid: 1, version: 0, createdAtMs: 0, modifiedAtMs: 0, mine: false };

/** The worker of the container `now`, whose mark is what a test writes. */
function worker(first?: DrainNode) {
  const ended: string[] = [];
  let mark: NodeContent | null = null;
  let wake: () => void = () => undefined;
  const put = (node: DrainNode) => {
    mark = { data: toJson(node), stat };
  };
  if (first !== undefined) put(first);
  const session = {
    get: async () => mark,
    watch: (_kind: "node" | "children", _path: string, onChange: () => void) => {
      wake = onChange;
    },
  };
  const options = {
    path: "/draining/w-1",
    container: "now",
    end: (signal: string) => void ended.push(signal),
    log,
  };
  endWhenTold(session, options, new AbortController().signal);
  const settled = () => new Promise(setImmediate);
  return {
    ended: async () => {
      await settled();
      return ended;
    },
    mark: async (node: DrainNode) => {
      await settled();
      put(node);
      wake();
    },
  };
}

describe("a worker that is to end by its znode", () => {
  it("ends by the signal that stands there", async () => {
    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      const { ended, mark } = worker();
      await mark({ container: "now", atMs: 0, signal });
      assert.deepEqual(await ended(), [signal]);
    }
  });

  it("ends also when the znode was there first", async () => {
    const { ended } = worker({ container: "now", atMs: 0, signal: "SIGKILL" });
    assert.deepEqual(await ended(), ["SIGKILL"]);
  });

  it("does not end for an earlier container of its name", async () => {
    const { ended, mark } = worker({ container: "before", atMs: 0, signal: "SIGKILL" });
    await mark({ container: "other", atMs: 0, signal: "SIGTERM" });
    assert.deepEqual(await ended(), []);
  });

  it("does not end when it is only to drain", async () => {
    const { ended, mark } = worker();
    await mark({ container: "now", atMs: 0 });
    assert.deepEqual(await ended(), []);
  });
});
