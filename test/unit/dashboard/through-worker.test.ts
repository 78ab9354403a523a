import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { Hub, type PagePort } from "../../../dashboard/feed/hub.ts";
import type { FeedHandlers } from "../../../dashboard/feed/messages.ts";
import { type FromWorker, saidEveryMs, type ToWorker } from "../../../dashboard/feed/shared-messages.ts";
import { answersWithinMs, ThroughWorker } from "../../../dashboard/feed/through-worker.ts";

/** A connection to the service. */
class Connection {
  isRunning = false;
  hurried = 0;

  readonly run = () => {
    this.isRunning = true;
    return new Promise<void>(() => undefined);
  };
  readonly hurry = () => {
    this.hurried += 1;
  };
  readonly stop = () => {
    this.isRunning = false;
  };
}

/** A page, and what it said to a worker that hears it or not. */
function page() {
  const said: ToWorker[] = [];
  const shown: string[] = [];
  const own: Connection[] = [];
  const handlers: FeedHandlers = {
    onLink: (link) => shown.push(link),
    onMessage: ({ kind }) => shown.push(kind),
  };
  const feed = new ThroughWorker(
    { postMessage: (message) => said.push(message) },
    handlers,
    () => ({ Authorization: "Bearer t" }),
    () => {
      const opened = new Connection();
      own.push(opened);
      return opened;
    },
  );
  return { feed, said, shown, own };
}

const live: FromWorker = { kind: "link", link: "live" };

describe("a page that shares a stream", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "setInterval"] }));
  afterEach(() => mock.timers.reset());

  it("opens none of its own when the worker answers in time", () => {
    const { feed, shown, own } = page();
    mock.timers.tick(answersWithinMs - 1);
    feed.hear(live);
    mock.timers.tick(answersWithinMs);
    assert.deepEqual([own.length, shown], [0, ["live"]]);
  });

  it("has a stream of its own while the worker says nothing, and gives it up once it speaks", () => {
    const { feed, shown, own } = page();
    mock.timers.tick(answersWithinMs);
    assert.ok(own[0]?.isRunning);
    feed.hear(live);
    assert.equal(own[0]?.isRunning, false);
    assert.deepEqual(shown, ["live"]);
    mock.timers.tick(10 * answersWithinMs);
    assert.equal(own.length, 1, "no other is opened");
  });

  it("goes on asking a silent worker to listen to it", () => {
    const { said } = page();
    const listens = () => said.filter(({ kind }) => kind === "listen").length;
    assert.equal(listens(), 1);
    mock.timers.tick(saidEveryMs);
    assert.equal(listens(), 2);
    assert.ok(!said.some(({ kind }) => kind === "leave"));
  });

  it("opens its own at once where the worker could not be begun, and only one", () => {
    const { feed, own } = page();
    feed.meanwhile();
    mock.timers.tick(answersWithinMs);
    assert.ok(own[0]?.isRunning);
    assert.equal(own.length, 1);
    feed.hurry();
    assert.equal(own[0]?.hurried, 1);
  });

  it("holds no connection while it is away, and has one again when it comes back to a silent worker", () => {
    const { feed, said, own } = page();
    mock.timers.tick(answersWithinMs);
    feed.leave();
    assert.deepEqual([own.length, own[0]?.isRunning], [1, false]);
    feed.comeBack();
    assert.deepEqual([own.length, own[1]?.isRunning], [2, true]);
    assert.equal(said.at(-1)?.kind, "listen");
  });

  it("opens none of its own once it has left, nor when it comes back to a worker that has spoken", () => {
    const left = page();
    left.feed.leave();
    mock.timers.tick(answersWithinMs);
    assert.equal(left.own.length, 0);
    const heard = page();
    heard.feed.hear(live);
    heard.feed.leave();
    heard.feed.comeBack();
    assert.equal(heard.own.length, 0);
  });

  it("has one stream with all others in the end, however late the worker begins", () => {
    const late: [PagePort, ToWorker][] = [];
    const pages = Array.from({ length: 7 }, () => page());
    mock.timers.tick(answersWithinMs);
    assert.ok(pages.every(({ own }) => own[0]?.isRunning));
    for (const { feed, said } of pages) {
      const port: PagePort = { postMessage: (message) => feed.hear(message) };
      late.push(...said.map((what): [PagePort, ToWorker] => [port, what]));
    }
    const hub = new Hub(() => new Connection());
    for (const [port, what] of late) hub.hear(port, what);
    assert.equal(hub.streams, 1);
    assert.ok(pages.every(({ own }) => own[0]?.isRunning === false));
  });
});
