// Every worker with all that is known of it.
import type { WorkerStatus } from "../../core/state/status.ts";
import { age, count, duration } from "../model/format.ts";
import type { Model } from "../model/model.ts";
import { must, setText } from "./elements.ts";
import { type Column, Table } from "./table.ts";

interface Row {
  readonly worker: WorkerStatus;
  readonly nowMs: number;
}

const columns: readonly Column<Row>[] = [
  { title: "Name", of: ({ worker }) => worker.name },
  { title: "Pid", of: ({ worker }) => (worker.pid === null ? "–" : String(worker.pid)) },
  { title: "Role", of: ({ worker }) => worker.state },
  { title: "Epoch", of: ({ worker }) => (worker.epoch === 0 ? "–" : String(worker.epoch)) },
  { title: "Position", of: ({ worker }) => worker.position.toLocaleString("en") },
  {
    title: "Lag",
    of: ({ worker: { lag, lagMs } }) => (lag === 0 ? "0" : `${count(lag)} · ${duration(lagMs)}`),
  },
  { title: "Reads served", of: ({ worker }) => count(worker.readsServed) },
  { title: "Writes served", of: ({ worker }) => count(worker.writesServed) },
  { title: "Since", of: ({ worker, nowMs }) => age(nowMs - worker.sinceMs) },
];

export class WorkersTable {
  readonly #count = must("workers-count", HTMLElement);
  readonly #table = new Table<Row>({
    id: "workers",
    columns,
    keyOf: ({ worker }) => worker.container,
    stateOf: ({ worker }) => worker.state,
  });

  show({ status }: Model, serverNowMs: number): void {
    if (status === null) return;
    setText(this.#count, String(status.workers.length));
    this.#table.show(status.workers.map((worker) => ({ worker, nowMs: serverNowMs })));
  }
}
