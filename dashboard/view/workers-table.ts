// Every worker with all that is known of it.
import type { WorkerStatus } from "../../core/state/status.ts";
import { age, count, duration } from "../model/format.ts";
import type { Model } from "../model/model.ts";
import { el, Keyed, must, setAttribute, setText } from "./elements.ts";

interface Row {
  readonly worker: WorkerStatus;
  readonly nowMs: number;
}

const columns: readonly { readonly title: string; readonly of: (row: Row) => string }[] = [
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
  readonly #rows: Keyed<Row, HTMLTableRowElement>;
  readonly #count = must("workers-count", HTMLElement);

  constructor() {
    const head = el("tr", {}, ...columns.map(({ title }) => el("th", { scope: "col" }, title)));
    const body = el("tbody");
    must("workers", HTMLTableElement).append(el("thead", {}, head), body);
    this.#rows = new Keyed(body, {
      make: () =>
        el(
          "tr",
          {},
          ...columns.map(({ title }, i) =>
            el(i === 0 ? "th" : "td", { "data-title": title, ...(i === 0 ? { scope: "row" } : {}) }),
          ),
        ),
      update: (row, { worker, nowMs }) => {
        setAttribute(row, "data-state", worker.state);
        columns.forEach(({ of }, i) => {
          const cell = row.children[i];
          if (cell !== undefined) setText(cell, of({ worker, nowMs }));
        });
      },
    });
  }

  show({ status }: Model, serverNowMs: number): void {
    if (status === null) return;
    setText(this.#count, String(status.workers.length));
    this.#rows.show(
      status.workers.map((worker) => ({ worker, nowMs: serverNowMs })),
      ({ worker }) => worker.container,
    );
  }
}
