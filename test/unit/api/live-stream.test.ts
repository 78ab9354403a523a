// The event stream and the figures, over real HTTP, with a ZooKeeper made of a map.
import assert from "node:assert/strict";
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { Meters } from "../../../api/live/meters.ts";
import { eventsAfter, numbered } from "../../../api/live/numbering.ts";
import { Sampler, samplesMax } from "../../../api/live/sampler.ts";
import { LiveStream } from "../../../api/live/stream.ts";
import type { EventRecord } from "../../../core/state/status.ts";
import { pathsOf, toJson } from "../../../core/state/znodes.ts";
import { parseEvents } from "../../../dashboard/feed/sse-parser.ts";
import { type Clock, systemClock } from "../../../platform/process/clock.ts";
import { eventually, FakeZnodes } from "./fake-znodes.ts";

const paths = pathsOf("test");
const event = (atMs: number, message: string): EventRecord => ({
  atMs,
  reconcile: "abcd",
  severity: "info",
  reason: "Told",
  message,
  worker: null,
});

let nowMs = 1_000_000;
const clock: Clock = { ...systemClock, now: () => nowMs, monotonicMs: () => nowMs };

function makeSampler() {
  const meters = new Meters(clock);
  const [read, write] = [meters.of("post", "/read"), meters.of("post", "/write")];
  const sampler = new Sampler({
    api: "api-0",
    reads: { meter: read, inFlight: () => 2 },
    writes: { meter: write, inFlight: () => 0 },
    surroundings: () => ({
      reachable: { rabbitmq: true, zookeeper: true, controller: false },
      scaling: null,
    }),
    now: clock.now,
  });
  return { sampler, read, write };
}

describe("events in their order", () => {
  const all = numbered([event(5, "a"), event(5, "b"), event(9, "c")]);

  it("have ids of their time and their place in it", () => {
    assert.deepEqual(
      all.map(({ id }) => id),
      ["5-0", "5-1", "9-0"],
    );
  });

  it("go on after an id, or from a time", () => {
    const messages = (since: string | null) => eventsAfter(all, since).map(({ message }) => message);
    assert.deepEqual(messages("5-0"), ["b", "c"]);
    assert.deepEqual(messages("9-0"), []);
    assert.deepEqual(messages("5"), ["a", "b", "c"]);
    assert.deepEqual(messages("6"), ["c"]);
    for (const since of [null, "", "yesterday", "-1", "5-0x", "1e3"])
      assert.deepEqual(messages(since), ["a", "b", "c"]);
  });

  it("go on after an id by their place, also when the clock of another controller is behind", () => {
    const skewed = numbered([event(9, "a"), event(5, "b"), event(5, "c"), event(9, "d")]);
    assert.deepEqual(
      skewed.map(({ id }) => id),
      ["9-0", "5-0", "5-1", "9-1"],
    );
    const messages = (since: string) => eventsAfter(skewed, since).map(({ message }) => message);
    assert.deepEqual(messages("9-0"), ["b", "c", "d"]);
    assert.deepEqual(messages("5-0"), ["c", "d"]);
    assert.deepEqual(messages("9-1"), []);
    assert.deepEqual(messages("7-0"), ["a", "d"], "which is not there: by the time alone");
  });
});

describe("the sampler", () => {
  it("tells rates, failures and percentiles of what came since the last sample", () => {
    const { sampler, read } = makeSampler();
    nowMs += 100;
    for (let i = 0; i < 9; i++) read.answered(nowMs - 10, 200);
    read.answered(nowMs - 10, 503);
    nowMs += 1_900;
    const { reads, writes } = sampler.sample(null);
    assert.deepEqual(
      {
        total: reads.total,
        perSecond: reads.perSecond,
        failed: reads.failedPerSecond,
        inFlight: reads.inFlight,
      },
      { total: 10, perSecond: 5, failed: 0.5, inFlight: 2 },
    );
    assert.ok(reads.p50Ms !== null && reads.p50Ms > 9 && reads.p50Ms < 11, `p50 is ${reads.p50Ms}`);
    assert.deepEqual([writes.total, writes.p50Ms], [0, null]);
    nowMs += 1_000;
    const next = sampler.sample(null).reads;
    assert.deepEqual([next.perSecond, next.p99Ms, next.total], [0, null, 10]);
  });

  it("keeps three minutes of samples and no more", () => {
    const { sampler } = makeSampler();
    for (let i = 0; i < samplesMax + 10; i++) {
      nowMs += 1_000;
      sampler.sample(null);
    }
    assert.equal(sampler.samples.length, samplesMax);
  });
});

describe("the event stream", () => {
  let znodes: FakeZnodes;
  let stream: LiveStream;
  let server: Server;
  let asked = 0;
  const over = new AbortController();

  before(async () => {
    server = createServer((req, res) => {
      if (req.url?.startsWith("/stats")) void stream.stats(req, res);
      else stream.events(req, res);
    });
    await new Promise<void>((resolve) => server.listen(0, resolve));
  });
  after(() => {
    over.abort();
    server.closeAllConnections();
    server.close();
  });
  beforeEach(async () => {
    asked = 0;
    znodes = new FakeZnodes();
    await znodes.put(paths.status, '{"cluster":"test"}');
    await znodes.put(paths.events, toJson([event(5, "a"), event(6, "b")]));
    stream = new LiveStream({
      clock,
      paths,
      limits: { listenersMax: 2, listenerBytesMax: 64 * 1024, heartbeatEveryMs: 30, sampleEveryMs: 20 },
      sampler: makeSampler().sampler,
      depths: async () => {
        asked += 1;
        return { readQ: 1, writeQ: 2, syncQ: 3, responseQ: 0, deadQ: 0 };
      },
    });
    void stream.watch({ znodes, clock, scope: over.signal }).catch(() => undefined);
    await eventually(() => json().then(({ length }) => length === 2));
  });
  afterEach(() => stream.close());

  const url = (path = "/") => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  const json = async (path = "/") => (await (await fetch(url(path))).json()) as { message: string }[];

  async function listen(headers: Record<string, string> = {}) {
    const res = await new Promise<IncomingMessage>((resolve, reject) =>
      get(url(), { headers: { accept: "text/event-stream", ...headers }, agent: false }, resolve).on(
        "error",
        reject,
      ),
    );
    let text = "";
    res.setEncoding("utf8");
    res.on("data", (piece: string) => {
      text += piece;
    });
    res.on("error", () => undefined);
    const seen = () => parseEvents(text).events;
    const messages = () =>
      seen()
        .filter(({ name }) => name === "event")
        .map(({ data }) => (JSON.parse(data) as EventRecord).message);
    return { res, text: () => text, seen, messages };
  }

  it("answers JSON to those who do not ask for a stream, from where they want", async () => {
    assert.deepEqual(
      (await json("/?since=5-0")).map(({ message }) => message),
      ["b"],
    );
  });

  it("begins with the history, the events and the status, and goes on with what is new", async () => {
    const { res, seen, messages } = await listen();
    assert.equal(res.headers["content-type"], "text/event-stream");
    await eventually(() => messages().length === 2);
    assert.deepEqual(
      seen()
        .slice(0, 4)
        .map(({ name, id }) => [name, id]),
      [
        ["history", null],
        ["event", "5-0"],
        ["event", "6-0"],
        ["status", null],
      ],
    );
    await znodes.put(paths.events, toJson([event(6, "b"), event(7, "c")]));
    await eventually(() => messages().length === 3);
    assert.deepEqual(messages(), ["a", "b", "c"]);
    await znodes.put(paths.status, '{"cluster":"changed"}');
    await eventually(() => seen().some(({ name, data }) => name === "status" && data.includes("changed")));
    res.destroy();
  });

  it("tells each event once also when another controller's clock is behind, and nothing anew of an older list", async () => {
    const { res, seen, messages } = await listen();
    await eventually(() => messages().length === 2);
    const [a, b, c, d] = [event(5, "a"), event(6, "b"), event(2, "c"), event(1, "d")];
    await znodes.put(paths.events, toJson([a, b, c]));
    await eventually(() => messages().length === 3);
    await znodes.put(paths.events, toJson([a, b]));
    await znodes.put(paths.status, '{"cluster":"later"}');
    await eventually(() => seen().some(({ data }) => data.includes("later")));
    await znodes.put(paths.events, toJson([b, c, d]));
    await eventually(() => messages().includes("d"));
    assert.deepEqual(messages(), ["a", "b", "c", "d"]);
    assert.deepEqual(await json("/?since=2-0").then((all) => all.map(({ message }) => message)), ["d"]);
    res.destroy();
  });

  it("goes on after the last event a listener had", async () => {
    const { res, messages } = await listen({ "last-event-id": "5-0" });
    await eventually(() => messages().length > 0);
    assert.deepEqual(messages(), ["b"]);
    res.destroy();
  });

  it("tells figures and signs of life while somebody listens, and asks the broker for nobody", async () => {
    assert.equal(asked, 0);
    const { res, seen, text } = await listen();
    await eventually(
      () => seen().filter(({ name }) => name === "stats").length > 1 && text().includes(": alive"),
    );
    const last = seen().findLast(({ name }) => name === "stats");
    assert.equal((JSON.parse(last?.data ?? "{}") as { queues: { writeQ: number } }).queues.writeQ, 2);
    res.destroy();
    await eventually(() => stream.listeners === 0);
  });

  it("takes a bounded number of listeners and tells the next one to come again", async () => {
    const two = [await listen(), await listen()];
    const third = await fetch(url(), { headers: { accept: "text/event-stream" } });
    assert.equal(third.status, 503);
    assert.equal(third.headers.get("retry-after"), "1");
    for (const { res } of two) res.destroy();
    await eventually(() => stream.listeners === 0);
  });

  it("answers those who ask for the head alone at once, and counts none of them as a listener", async () => {
    for (let i = 0; i < 5; i++) {
      const head = await fetch(url(), { method: "HEAD", headers: { accept: "text/event-stream" } });
      assert.deepEqual(
        [head.status, head.headers.get("content-type"), await head.text()],
        [200, "text/event-stream", ""],
      );
    }
    assert.equal(stream.listeners, 0);
  });

  it("drops a listener that does not read", async () => {
    const { res } = await listen();
    res.pause();
    res.socket.pause();
    const large = toJson({ cluster: "x".repeat(512 * 1024) });
    let sent = 0;
    await eventually(async () => {
      await znodes.put(paths.status, large.replace('"x', `"${sent}`));
      sent += 1;
      return stream.listeners === 0;
    });
    res.destroy();
  });

  it("ends its listeners when the program ends", async () => {
    const { res } = await listen();
    const ended = new Promise((resolve) => res.on("end", resolve));
    stream.close();
    await ended;
    assert.equal(stream.listeners, 0);
  });
});
