import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NumberedEvent, Stats } from "../../../core/state/stats.ts";
import type { ClusterStatus } from "../../../core/state/status.ts";
import { Hub, type PagePort } from "../../../dashboard/feed/hub.ts";
import type { FeedMessage, Link } from "../../../dashboard/feed/messages.ts";
import { type FromWorker, goneAfterMs } from "../../../dashboard/feed/shared-messages.ts";
import { emptyModel, type Message, reduce } from "../../../dashboard/model/model.ts";

class Stream {
  stopped = false;
  hurried = 0;
  readonly onLink: (link: Link) => void;
  readonly onMessage: (message: FeedMessage) => void;

  constructor(handlers: { onLink(link: Link): void; onMessage(message: FeedMessage): void }) {
    this.onLink = handlers.onLink.bind(handlers);
    this.onMessage = handlers.onMessage.bind(handlers);
  }

  run = () => new Promise<void>(() => undefined);
  hurry = () => {
    this.hurried += 1;
  };
  stop = () => {
    this.stopped = true;
  };
}

/** A page with its model, as the messages leave it. */
class Page implements PagePort {
  model = emptyModel;
  readonly heard: string[] = [];

  postMessage(what: FromWorker): void {
    this.heard.push(what.kind === "link" ? what.link : what.message.kind);
    const message: Message = what.kind === "link" ? { kind: "link", payload: what.link } : what.message;
    this.model = reduce(this.model, message, 0);
  }
}

function world() {
  const clock = { ms: 0 };
  const streams: Stream[] = [];
  const hub = new Hub(
    (handlers) => streams[streams.push(new Stream(handlers)) - 1] ?? assert.fail(),
    () => clock.ms,
  );
  const listen = (page: Page, token = "") => {
    hub.hear(page, { kind: "listen", authorization: token === "" ? {} : { Authorization: token } });
    return page;
  };
  return { clock, streams, hub, listen };
}

const stats = (atMs: number) => ({ atMs }) as Stats;
const event = (id: string) => ({ id, atMs: 1, message: id }) as NumberedEvent;
const status = (epoch: number) => ({ epoch, workers: [], failovers: [] }) as unknown as ClusterStatus;

describe("the stream that pages share", () => {
  it("is one for all of them, and tells each what comes", () => {
    const { hub, streams, listen } = world();
    const pages = Array.from({ length: 7 }, () => listen(new Page()));
    streams[0]?.onLink("live");
    streams[0]?.onMessage({ kind: "event", payload: event("1-0") });
    assert.deepEqual([streams.length, hub.streams], [1, 1]);
    for (const { heard } of pages) assert.deepEqual(heard, ["connecting", "live", "event"]);
  });

  it("tells a page that comes later all that those before it know", () => {
    const { streams, listen } = world();
    const first = listen(new Page());
    const [stream] = streams;
    stream?.onLink("live");
    stream?.onMessage({ kind: "history", payload: [stats(1), stats(2)] });
    stream?.onMessage({ kind: "event", payload: event("1-0") });
    stream?.onMessage({ kind: "status", payload: status(1) });
    for (let atMs = 3; atMs < 300; atMs++) stream?.onMessage({ kind: "stats", payload: stats(atMs) });
    stream?.onMessage({ kind: "event", payload: event("2-0") });
    stream?.onMessage({ kind: "status", payload: status(2) });
    const later = listen(new Page());
    const known = ({ model: { link, status: last, stats: samples, events } }: Page) => ({
      link,
      last,
      samples,
      events,
    });
    assert.deepEqual(known(later), known(first));
    assert.ok(later.model.stats.length > 100);
  });

  it("is another one for another token, and ends with its last page", () => {
    const { hub, streams, listen } = world();
    const [a, b] = [listen(new Page()), listen(new Page())];
    listen(b, "Bearer b");
    assert.deepEqual([streams.length, hub.streams], [2, 2]);
    listen(a, "Bearer b");
    assert.deepEqual(
      streams.map(({ stopped }) => stopped),
      [true, false],
    );
    hub.hear(a, { kind: "leave" });
    assert.equal(hub.streams, 1);
    hub.hear(b, { kind: "leave" });
    assert.deepEqual([hub.streams, streams[1]?.stopped], [0, true]);
  });

  it("hurries for a page, and says again what it said only to those who are new", () => {
    const { hub, streams, listen } = world();
    const page = listen(new Page());
    listen(page);
    hub.hear(page, { kind: "hurry" });
    assert.deepEqual([page.heard, streams[0]?.hurried], [["connecting"], 1]);
  });

  it("forgets a page that has been silent for long, and takes it back when it speaks", () => {
    const { clock, hub, streams, listen } = world();
    const gone = listen(new Page());
    const other = listen(new Page());
    clock.ms = goneAfterMs + 1;
    listen(other);
    streams[0]?.onLink("live");
    assert.deepEqual([gone.heard, other.heard], [["connecting"], ["connecting", "live"]]);
    listen(gone);
    assert.deepEqual(gone.heard, ["connecting", "live"]);
    assert.equal(hub.streams, 1);
  });
});
