import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { specLabel, whyOutdated } from "../../../../controller/engines/worker-spec.ts";
import { emptyMemory } from "../../../../controller/reconcile/memory.ts";
import { plan } from "../../../../controller/reconcile/plan.ts";
import type { Observed } from "../../../../controller/reconcile/workers.ts";
import { dead, intent, master, nowMs, observed, slave, spec, watched } from "../makers.ts";

const older = { specHash: "older-limits-settings" };

const planned = (world: Observed, wanted = intent(1), memory = emptyMemory): readonly string[] =>
  plan(wanted, world, memory).map((action) =>
    "target" in action ? `${action.kind} ${action.target.worker}` : action.kind,
  );

describe("replacing outdated workers", () => {
  it("starts a successor before anybody leaves", () =>
    assert.deepEqual(plan(intent(1), observed([master("w-1", 100), slave("w-2", 200, older)]), emptyMemory), [
      {
        kind: "startWorker",
        host: "host1",
        worker: "w-3",
        replaces: false,
        replaced: { worker: "w-2", why: "runs an older image" },
      },
    ]));

  it("waits for the successor to be ready", () => {
    for (const state of ["none", "joining"] as const)
      assert.deepEqual(
        planned(observed([master("w-1", 1), slave("w-2", 2, older), slave("w-3", 3, { state })])),
        [],
      );
  });

  it("then lets the old slave leave, although the new one has the higher pid", () =>
    assert.deepEqual(planned(observed([master("w-1", 1), slave("w-2", 2, older), slave("w-3", 3)])), [
      "drain w-2",
    ]));

  it("waits until it has left before it takes the next", () => {
    const leaving = slave("w-2", 2, { ...older, marked: { atMs: nowMs - 1_000 } });
    assert.deepEqual(planned(observed([{ ...master("w-1", 1), ...older }, leaving, slave("w-3", 3)])), []);
  });

  it("takes the master last, and starts one more before it hands over", () => {
    const old = { ...master("w-1", 1), ...older };
    assert.deepEqual(planned(observed([old, slave("w-2", 2)])), ["startWorker"]);
    assert.deepEqual(planned(observed([old, slave("w-2", 2), slave("w-3", 3)])), ["stepDown w-1"]);
  });

  it("asks the master only once", () => {
    const world = observed([{ ...master("w-1", 1), ...older }, slave("w-2", 2), slave("w-3", 3)]);
    const memory = watched(world, 1_000);
    const asked = [...memory.containers].map(([id, known]) => [id, { ...known, leaving: true }] as const);
    assert.deepEqual(planned(world, intent(1), { ...memory, containers: new Map(asked) }), []);
  });

  it("does not begin while anybody is missing, dies, or there is no master", () => {
    assert.deepEqual(
      planned(observed([master("w-1", 1), slave("w-2", 2, older), dead("w-3", 3)]), intent(2)),
      ["removeContainer", "removePid", "startWorker"],
    );
    assert.deepEqual(planned(observed([slave("w-1", 1, older), slave("w-2", 2)])), []);
  });

  it("prefers outdated slaves when it scales in anyway", () =>
    assert.deepEqual(
      planned(observed([master("w-1", 1), slave("w-2", 2, older), slave("w-3", 3), slave("w-4", 4)])),
      ["drain w-2"],
    ));

  it("touches nobody while paused, nor while the image is not known", () => {
    const world = observed([master("w-1", 1), slave("w-2", 2, older)]);
    assert.deepEqual(planned(world, { ...intent(1), spec: spec({ paused: true }) }), []);
    assert.deepEqual(planned(world, intent(1, { specHashes: new Map() })), []);
  });
});

describe("whyOutdated", () => {
  const parts = { image: "sha256:1", limits: { memoryBytes: 1 }, settings: { network: "n" } };
  const label = specLabel(parts);

  it("finds nothing to say about what was made from the same", () =>
    assert.equal(whyOutdated(specLabel({ ...parts }), label), null));

  for (const [what, changed, why] of [
    ["the image", { image: "sha256:0" }, "runs an older image"],
    ["the limits", { limits: { memoryBytes: 2 } }, "has other limits than the manifest asks for"],
    ["anything else", { settings: { network: "m" } }, "was started with other settings"],
  ] as const)
    it(`tells that ${what} is another`, () =>
      assert.equal(whyOutdated(specLabel({ ...parts, ...changed }), label), why));

  it("knows the labels of earlier versions, which had no parts", () =>
    assert.equal(whyOutdated("0123456789ab", label), "was made by an earlier version"));
});
