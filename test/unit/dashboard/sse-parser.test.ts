import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { frame } from "../../../api/live/listeners.ts";
import { parseEvents, type ServerEvent } from "../../../dashboard/feed/sse-parser.ts";

describe("the event stream's parser", () => {
  it("reads names, data and ids, and passes over comments", () => {
    const text = ': alive\n\nid: 5-0\nevent: event\ndata: {"a":1}\n\nevent: stats\ndata: {}\n\n';
    assert.deepEqual(parseEvents(text), {
      events: [
        { name: "event", data: '{"a":1}', id: "5-0" },
        { name: "stats", data: "{}", id: null },
      ],
      rest: "",
    });
  });

  it("keeps an event that is not complete for the next piece", () => {
    assert.deepEqual(parseEvents("event: stats\ndata: {"), { events: [], rest: "event: stats\ndata: {" });
  });

  it("reads what the API writes, wherever the pieces are cut", () => {
    const values = fc.array(fc.jsonValue(), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(values, fc.array(fc.nat(400)), (payloads, cuts) => {
        const text = payloads.map((payload, i) => frame("event", JSON.stringify(payload), `${i}-0`)).join("");
        const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
        const pieces = [...places, text.length].map((end, i) => text.slice(i === 0 ? 0 : places[i - 1], end));
        const seen: ServerEvent[] = [];
        let rest = "";
        for (const piece of pieces) {
          const parsed = parseEvents(rest + piece);
          seen.push(...parsed.events);
          rest = parsed.rest;
        }
        assert.deepEqual(
          seen.map(({ data, id }) => [JSON.parse(data), id]),
          payloads.map((payload, i) => [JSON.parse(JSON.stringify(payload)), `${i}-0`]),
        );
      }),
    );
  });
});
