// What the controller tells, as its znodes say: the status, the events, and whether it is there at all.
import { eventsBehind } from "../../core/state/events.ts";
import type { NumberedEvent } from "../../core/state/stats.ts";
import type { ClusterStatus, EventRecord } from "../../core/state/status.ts";
import { fromJson, type Paths } from "../../core/state/znodes.ts";
import { keepLooking, type Watched } from "../cluster/znodes.ts";
import { numbered } from "./numbering.ts";

export interface ViewListener {
  /** @param json a `ClusterStatus`, in one line */
  onStatus(json: string): void;
  onEvents(events: readonly NumberedEvent[]): void;
}

export class ClusterView {
  readonly #paths: Paths;
  readonly #listener: ViewListener;
  #status: string | null = null;
  #events: readonly NumberedEvent[] = [];
  #controllerThere = false;
  #dataMissing = false;

  constructor(paths: Paths, listener: ViewListener) {
    this.#paths = paths;
    this.#listener = listener;
  }

  /** JSON in one line; null before the first report. */
  get status(): string | null {
    return this.#status;
  }

  get events(): readonly NumberedEvent[] {
    return this.#events;
  }

  get controllerThere(): boolean {
    return this.#controllerThere;
  }

  /** Whether the controller reports that acknowledged data is missing. */
  get dataMissing(): boolean {
    return this.#dataMissing;
  }

  async watch(watched: Watched): Promise<void> {
    const { znodes, scope } = watched;
    const { status, events, controller } = this.#paths;
    scope.addEventListener("abort", () => this.#knowsNothing(), { once: true });
    await Promise.all([
      keepLooking(watched, "node", status, async () => this.#onStatus((await znodes.get(status))?.data)),
      keepLooking(watched, "node", events, async () => this.#onEvents((await znodes.get(events))?.data)),
      keepLooking(watched, "node", controller, async () => {
        this.#controllerThere = (await znodes.get(controller)) !== null;
      }),
    ]);
  }

  #knowsNothing(): void {
    this.#controllerThere = false;
    this.#dataMissing = false;
  }

  #onStatus(json: string | undefined): void {
    if (json === undefined || json === this.#status) return;
    this.#status = json;
    const conditions = fromJson<Partial<ClusterStatus>>(json)?.conditions ?? [];
    this.#dataMissing = conditions.some(({ type, status }) => type === "DataComplete" && status === "False");
    this.#listener.onStatus(json);
  }

  #onEvents(json: string | undefined): void {
    const all = numbered(fromJson<readonly EventRecord[]>(json ?? "") ?? []);
    const added = eventsBehind(this.#events, all);
    // Otherwise it is the same list, or an older one: another server of ZooKeeper may be behind.
    if (added.length === 0) return;
    this.#events = all;
    this.#listener.onEvents(added);
  }
}
