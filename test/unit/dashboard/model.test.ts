import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  bounds,
  emptyModel,
  latest,
  type Message,
  type Model,
  reduce,
} from "../../../dashboard/model/model.ts";
import { headlineOf } from "../../../dashboard/model/words.ts";
import { conditions, event, master, nowMs, stats, status, worker } from "./makers.ts";

const after = (messages: readonly Message[], model: Model = emptyModel): Model =>
  messages.reduce((before, message) => reduce(before, message, nowMs), model);

describe("the page's model", () => {
  it("keeps a bounded number of figures, the newest ones", () => {
    const many = Array.from(
      { length: bounds.stats + 5 },
      (_, i): Message => ({ kind: "stats", payload: stats(i) }),
    );
    const model = after(many);
    assert.equal(model.stats.length, bounds.stats);
    assert.equal(latest(model)?.atMs, bounds.stats + 4);
  });

  it("takes the history for what it is after a reconnect, not for more of the same", () => {
    const model = after([
      { kind: "stats", payload: stats(1) },
      { kind: "history", payload: [stats(1), stats(2)] },
    ]);
    assert.deepEqual(
      model.stats.map(({ atMs }) => atMs),
      [1, 2],
    );
  });

  it("shows an event once, however often it comes", () => {
    const model = after([
      { kind: "event", payload: event("5-0") },
      { kind: "event", payload: event("5-1") },
      { kind: "event", payload: event("5-0") },
    ]);
    assert.deepEqual(
      model.events.map(({ id }) => id),
      ["5-0", "5-1"],
    );
  });

  it("keeps a bounded number of events", () => {
    const many = Array.from(
      { length: bounds.events + 3 },
      (_, i): Message => ({ kind: "event", payload: event(`${i}-0`) }),
    );
    assert.equal(after(many).events.length, bounds.events);
  });

  it("learns the server's clock from its figures", () => {
    assert.equal(after([{ kind: "stats", payload: stats(nowMs + 2_500) }]).clockOffsetMs, 2_500);
  });

  it("keeps what it knew when the connection is lost", () => {
    const model = after([
      { kind: "status", payload: status([master("w-1")]) },
      { kind: "link", payload: "lost" },
    ]);
    assert.equal(model.status?.master, "w-1");
  });
});

describe("the headline", () => {
  const said = (change: Parameters<typeof conditions>[0] = {}, more = {}) =>
    headlineOf(
      after([
        { kind: "link", payload: "live" },
        {
          kind: "status",
          payload: status([master("w-1"), worker("w-2")], { conditions: conditions(change), ...more }),
        },
      ]),
      nowMs,
    );

  it("says that all is well, and who does what", () => {
    assert.deepEqual(said(), {
      mood: "good",
      title: "All is well",
      detail: "w-1 takes the writes, 1 slave answers the reads.",
    });
  });

  it("tells the worst first", () => {
    const all = {
      MasterAvailable: "False",
      ManifestValid: "False",
      Degraded: "True",
      Paused: "True",
    } as const;
    assert.equal(said(all).title, "No master at the moment");
    assert.equal(said({ ...all, MasterAvailable: "True" }).title, "The edited manifest is refused");
    assert.equal(said({ Degraded: "True", Paused: "True" }).title, "Something needs attention");
    assert.equal(said({ Paused: "True", Scaling: "True" }).title, "Paused");
    assert.equal(said({ Scaling: "True", Ready: "False" }).title, "Growing");
    assert.equal(said({ Ready: "False" }).title, "Getting ready");
  });

  it("says so when there is nothing to say", () => {
    assert.equal(headlineOf({ ...emptyModel, link: "live" }, nowMs).title, "Waiting for the first report");
    assert.equal(headlineOf({ ...emptyModel, link: "lost" }, nowMs).title, "No connection to the API");
    assert.equal(headlineOf({ ...emptyModel, link: "refused" }, nowMs).title, "Sign in to look inside");
  });
});
