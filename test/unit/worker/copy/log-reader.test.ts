import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { encodeRecord, nothingApplied } from "../../../../core/log/record.ts";
import { queues } from "../../../../core/messages/queues.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { LogLostError, LogReader } from "../../../../worker/copy/log-reader.ts";
import type { LogEntry } from "../../../../worker/ports.ts";
import { Link } from "../../../fakes/link.ts";
import { MemoryBroker } from "../../../fakes/memory-broker.ts";
import { runningWorld } from "../../../fakes/running-world.ts";
import { VirtualProcess } from "../../../fakes/virtual-process.ts";
import { recordOf } from "../records.ts";

const { world, stop } = runningWorld(1);
const link = new Link(world, "test", 3);
const log = createLog({ program: "test", format: "json", level: "silent" });
const never = new AbortController().signal;
const mebibyte = 2 ** 20;

const record = (position: number, bytes = 10): Buffer => recordOf(position, bytes);

describe("the reader of the log", () => {
  after(() => stop());

  const withLog = (contents: readonly Buffer[]) => {
    const broker = new MemoryBroker(world, queues.sync, []);
    broker.log.push(...contents);
    const process = new VirtualProcess(world, "reader");
    const rabbit = broker.connect(process, link);
    return { broker, source: { rabbit, time: process, log } };
  };

  async function readAll(reader: LogReader, count: number): Promise<readonly LogEntry[]> {
    const entries: LogEntry[] = [];
    while (entries.length < count) entries.push(...(await reader.next(never)));
    return entries;
  }

  it("reads large records without having many of them sent ahead, and misses none", async () => {
    const count = 24;
    const marker = encodeRecord({ kind: "marker", epoch: 1, after: 0, master: "w-1", atMs: 0 });
    const contents = [marker, ...Array.from({ length: count - 1 }, (_, i) => record(i + 1, 2 * mebibyte))];
    const { source, broker } = withLog(contents);
    const asked: number[] = [];
    const rabbit = {
      consume: (...[queue, options, onDelivery]: Parameters<typeof source.rabbit.consume>) => {
        asked.push(options.prefetch);
        return source.rabbit.consume(queue, options, onDelivery);
      },
    };
    const reader = await LogReader.open({ ...source, rabbit }, nothingApplied, never);
    // Its copy is busy meanwhile: nothing is taken.
    while (!asked.includes(2)) await setImmediate();
    const entries = await readAll(reader, count);
    assert.deepEqual(
      entries.map(({ offset, unbroken }) => [offset, unbroken]),
      contents.map((_, offset) => [offset, true]),
    );
    // Small ones come, and many may be on their way again.
    const more = Array.from({ length: 300 }, (_, i) => record(count + i));
    broker.log.push(...more.slice(1));
    broker.take(queues.sync, more[0] as Buffer, {});
    await readAll(reader, more.length);
    assert.equal(asked.at(-1), 100);
    await reader.close();
  });

  it("reads only what comes when the log goes on from this copy", async () => {
    const { source, broker } = withLog([record(1), record(2)]);
    const reader = await LogReader.openAtEnd(source);
    broker.take(queues.sync, record(3), {});
    const [entry] = await reader.next(never);
    assert.equal(entry?.offset, 2);
    await reader.close();
  });

  it("knows a log that is not the one it has read", async () => {
    const { source } = withLog([record(1), record(2)]);
    const applied = { epoch: 1, position: 2, offset: 1, checksum: "other" };
    await assert.rejects(LogReader.open(source, applied, never), LogLostError);
  });

  it("knows a log that ends before the copy does, after it has waited", async () => {
    const { source } = withLog([record(1)]);
    const applied = { epoch: 1, position: 2, offset: 1, checksum: "other" };
    await assert.rejects(LogReader.open(source, applied, never, 50), /the log ends before offset 1/);
  });
});
