// A master's migrations on a real copy, as its cycle runs them.

import { type BatchRecord, checksumOf, decodeRecord } from "../../../core/log/record.ts";
import type { Schema } from "../../../core/schema.ts";
import { createLog } from "../../../platform/telemetry/log.ts";
import type { Store } from "../../../worker/copy/store.ts";
import { ledgerOf } from "../../../worker/write/ledger.ts";
import { Migrations, type SchemaReport } from "../../../worker/write/migrations.ts";
import { type Append, committed } from "../../fakes/commits.ts";

const log = createLog({ program: "test", format: "json", level: "silent" });
const unlimited = { budgetMs: 60_000, mayGoOn: () => true };
const cyclesMax = 1_000;

export class Migrating {
  readonly records: BatchRecord[] = [];
  readonly reports: SchemaReport[] = [];
  want: Schema;
  nowMs = 0;
  readonly #store: Store;
  readonly #migrations: Migrations;

  constructor(store: Store, want: Schema) {
    this.#store = store;
    this.want = want;
    this.#migrations = new Migrations({
      ledger: store,
      wanted: () => this.want,
      log,
      onReport: (report) => this.reports.push(report),
    });
  }

  get report(): SchemaReport | undefined {
    return this.reports.at(-1);
  }

  /** Until nothing more is due. @returns how many commits tried something */
  async settle(afterMs = 0): Promise<number> {
    this.nowMs += afterMs;
    for (let commits = 0; commits < cyclesMax; commits++) {
      const chores = this.#migrations.due(this.nowMs);
      if (chores.length === 0) return commits;
      const append: Append = async (content) => {
        this.records.push(decodeRecord(content) as BatchRecord);
        return { offset: 100 + this.records.length, checksum: checksumOf(content) };
      };
      const { nowMs: atMs } = this;
      const input = { writes: [], chores, epoch: 1, atMs, logMs: atMs, limits: unlimited };
      await committed(ledgerOf(this.#store), input, append);
    }
    throw new Error("migrating does not come to an end");
  }
}
