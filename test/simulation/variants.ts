// The ways in which the mutation tests break a worker on purpose: through what is handed to it, never inside it.

import { type Judge, judge } from "../../core/log/judge.ts";
import { checksumOf, decodeRecord, type KeyEntry } from "../../core/log/record.ts";
import { queues } from "../../core/messages/queues.ts";
import type { Feed, Ledger, LogEntry, RecordWriter, Suspicion } from "../../worker/ports.ts";
import type { MemoryBroker } from "../fakes/memory-broker.ts";
import type { MemoryConnection } from "../fakes/memory-connection.ts";

/** What one life of a worker stands on. */
export interface Parts {
  readonly name: string;
  readonly broker: MemoryBroker;
  readonly connection: MemoryConnection;
  readonly ledger: Ledger;
}

export interface Variant {
  readonly judge: Judge;
  /** What the roles get in place of the worker's reader and writer of the log. */
  readonly reader: (reader: Feed, parts: Parts) => Feed;
  readonly writer: (writer: RecordWriter, parts: Parts) => RecordWriter;
  /** Which answers a copy keeps under their keys. */
  readonly keeps: (entry: KeyEntry) => boolean;
  readonly suspicion: (suspects: Suspicion) => Suspicion;
}

export const asBuilt: Variant = {
  judge,
  reader: (reader) => reader,
  writer: (writer) => writer,
  keeps: () => true,
  suspicion: (suspects) => suspects,
};

/** Takes whatever stands in its place, whoever wrote it. */
export const withoutEpochCheck: Variant = {
  ...asBuilt,
  judge: (applied, record) => {
    if (record.kind === "marker") return record.epoch <= applied.epoch ? "duplicate" : "apply";
    if (record.position <= applied.position) return "duplicate";
    return record.position === applied.position + 1 ? "apply" : "gap";
  },
};

/** Commits as soon as the broker has taken the record, wherever in the log it then stands. */
export const withoutReadBack: Variant = {
  ...asBuilt,
  writer: (writer, { broker, connection }) => ({
    append: async ({ content }) => {
      await connection.publish(queues.sync, content, { persistent: true });
      return { offset: broker.log.lastIndexOf(content), checksum: checksumOf(content) };
    },
    lookForSuccessor: () => writer.lookForSuccessor(),
  }),
};

/** Takes writes as soon as its own marker stands in the log, without what stands before it. */
export const withoutDrain: Variant = {
  ...asBuilt,
  reader: (reader, { name, broker, ledger }) => {
    let from = 0;
    const later = (entries: readonly LogEntry[]) => entries.filter(({ offset }) => offset >= from);
    const ownMarker = (): LogEntry | undefined => {
      for (let offset = broker.log.length - 1; offset >= from; offset--) {
        const content = broker.log[offset] as Buffer;
        const record = decodeRecord(content);
        if (record.kind !== "marker") continue;
        if (record.master !== name || record.epoch <= ledger.applied.epoch) return undefined;
        return { record, offset, checksum: checksumOf(content) };
      }
      return undefined;
    };
    return {
      take: (most) => later(reader.take(most)),
      onArrival: (wake) => reader.onArrival(wake),
      next: async (signal, most) => {
        const marker = ownMarker();
        if (marker === undefined) return later(await reader.next(signal, most));
        from = marker.offset + 1;
        return [marker];
      },
    };
  },
};

/** Loses what it has read together with a record of its own. */
export const losingWhatFollows: Variant = {
  ...asBuilt,
  reader: (reader, { ledger }) => {
    let ahead: readonly LogEntry[] = [];
    return {
      take: (most) => {
        const entries = [...ahead, ...reader.take(most)];
        ahead = [];
        return entries;
      },
      onArrival: (wake) => reader.onArrival(wake),
      next: async (signal, most) => {
        if (ahead.length === 0) ahead = await reader.next(signal);
        const given = ahead.slice(0, most);
        ahead = ahead.slice(given.length);
        const [one] = given;
        if (most === 1 && one?.record.kind === "batch" && one.record.position === ledger.applied.position + 1)
          ahead = [];
        return given;
      },
    };
  },
};

/** Takes a worker that it cannot see for one that died of what it was working on. */
export const blamingTheLost: Variant = {
  ...asBuilt,
  suspicion: (suspects) => ({
    begin: async (ids) => {
      const { guilty, undecided } = await suspects.begin(ids);
      return { guilty: new Set([...guilty, ...undecided]), undecided: new Set() };
    },
    blame: (ids) => suspects.blame(ids),
  }),
};

/** Does not know what it has answered. */
export const withoutKeys: Variant = { ...asBuilt, keeps: () => false };

/** Knows what it has done, but not what it has refused to do. */
export const forgettingRefusals: Variant = { ...asBuilt, keeps: ({ ok }) => ok };
