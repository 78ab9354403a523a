// Every host of a cluster that has several: which workers run there, what it leads, and what its loss would cost now.
import type { HostStatus, WorkerStatus } from "../../core/state/status.ts";
import { ago } from "../model/format.ts";
import type { Model } from "../model/model.ts";
import { must, setText } from "./elements.ts";
import { type Column, Table } from "./table.ts";

interface Row {
  readonly host: HostStatus;
  readonly workers: readonly WorkerStatus[];
  readonly nowMs: number;
}

const orNone = (words: readonly string[]): string => (words.length === 0 ? "–" : words.join(", "));

const columns: readonly Column<Row>[] = [
  { title: "Name", of: ({ host }) => host.name },
  {
    title: "State",
    of: ({ host: { reachable, partsAway = [] } }) =>
      [reachable ? "reachable" : "away", ...partsAway.map((part) => `without ${part}`)].join(", "),
  },
  {
    title: "Since",
    of: ({ host: { sinceMs }, nowMs }) => (sinceMs === 0 ? "–" : ago(nowMs - sinceMs)),
  },
  { title: "Leads", of: ({ host }) => orNone(host.leads) },
  { title: "Workers", of: ({ workers }) => orNone(workers.map(({ name, state }) => `${name} (${state})`)) },
  { title: "Its loss would cost", of: ({ host }) => orNone(host.lossWouldCost ? [host.lossWouldCost] : []) },
];

export class HostsTable {
  readonly #card = must("hosts-card", HTMLElement);
  readonly #count = must("hosts-count", HTMLElement);
  readonly #table = new Table<Row>({
    id: "hosts",
    columns,
    keyOf: ({ host }) => host.name,
    stateOf: ({ host }) => (host.reachable ? "reachable" : "away"),
  });

  /** One host is not worth a table. */
  show({ status }: Model, serverNowMs: number): void {
    const hosts = status?.hosts ?? [];
    this.#card.hidden = hosts.length < 2;
    if (status === null || hosts.length < 2) return;
    setText(this.#count, String(hosts.length));
    const workersOn = (name: string) => status.workers.filter(({ host }) => host === name);
    this.#table.show(hosts.map((host) => ({ host, workers: workersOn(host.name), nowMs: serverNowMs })));
  }
}
