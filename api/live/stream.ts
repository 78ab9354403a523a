// The live view: events and status as they come, figures once a second, to everybody who listens.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { NumberedEvent, QueueDepths } from "../../core/state/stats.ts";
import type { Paths } from "../../core/state/znodes.ts";
import { type Cancel, type Clock, every } from "../../platform/process/clock.ts";
import type { Metrics } from "../../platform/telemetry/metrics.ts";
import type { Watched } from "../cluster/znodes.ts";
import { refuse, sendJson } from "../http/refusals.ts";
import { paths, type Route } from "../http/routes.ts";
import { ClusterView } from "./cluster-view.ts";
import { frame, type ListenerLimits, Listeners, streamHeaders } from "./listeners.ts";
import { eventsAfter } from "./numbering.ts";
import type { Sampler } from "./sampler.ts";

export interface StreamOptions {
  readonly clock: Clock;
  readonly paths: Paths;
  readonly limits: ListenerLimits & { readonly heartbeatEveryMs: number; readonly sampleEveryMs: number };
  readonly sampler: Sampler;
  readonly depths: () => Promise<QueueDepths | null>;
}

export class LiveStream {
  readonly #options: StreamOptions;
  readonly #listeners: Listeners;
  readonly #view: ClusterView;
  readonly #timers: readonly Cancel[];

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#listeners = new Listeners(options.limits);
    this.#view = new ClusterView(options.paths, {
      onStatus: (json) => this.#listeners.send(frame("status", json)),
      onEvents: (events) => this.#listeners.send(framesOf(events)),
    });
    this.#timers = [
      every(options.clock, options.limits.sampleEveryMs, () => void this.#sample()),
      every(options.clock, options.limits.heartbeatEveryMs, () => this.#listeners.beat()),
    ];
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  get controllerThere(): boolean {
    return this.#view.controllerThere;
  }

  get dataMissing(): boolean {
    return this.#view.dataMissing;
  }

  watch(watched: Watched): Promise<void> {
    return this.#view.watch(watched);
  }

  /** The events as JSON, or as a stream for those who ask for one. */
  readonly events = (req: IncomingMessage, res: ServerResponse): void => {
    const lastId = req.headers["last-event-id"];
    const query = new URL(req.url ?? "/", "http://api").searchParams;
    const since = typeof lastId === "string" ? lastId : query.get("since");
    const events = eventsAfter(this.#view.events, since);
    if (!(req.headers.accept ?? "").includes("text/event-stream")) sendJson(res, events);
    // Who asks for the head alone does not listen.
    else if (req.method === "HEAD") res.writeHead(200, streamHeaders).end();
    else this.#listen(res, events);
  };

  #listen(res: ServerResponse, events: readonly NumberedEvent[]): void {
    const { status } = this.#view;
    const first = [
      frame("history", JSON.stringify(this.#options.sampler.samples)),
      framesOf(events),
      status === null ? "" : frame("status", status),
    ].join("");
    if (!this.#listeners.add(res, first))
      refuse(res, { code: "unavailable", message: "too many event listeners" });
  }

  readonly stats = async (_req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const last = this.#options.sampler.samples.at(-1);
    if (last === undefined) refuse(res, { code: "unavailable", message: "nothing was measured yet" });
    else sendJson(res, { ...last, queues: await this.#options.depths() });
  };

  /** Ends all streams. A client that comes back is authorized again, and goes on after the last event that it has. */
  readonly dismiss = (): void => this.#listeners.close();

  /** Listeners go, and no more come. */
  close(): void {
    for (const cancel of this.#timers) cancel();
    this.#listeners.close();
  }

  async #sample(): Promise<void> {
    const queues = this.#listeners.size > 0 ? await this.#options.depths() : null;
    const stats = this.#options.sampler.sample(queues);
    if (this.#listeners.size > 0) this.#listeners.send(frame("stats", JSON.stringify(stats)));
  }
}

const framesOf = (events: readonly NumberedEvent[]): string =>
  events.map((event) => frame("event", JSON.stringify(event), event.id)).join("");

/** The routes of the live view: events, figures, metrics. */
export const liveRoutes = (stream: LiveStream, metrics: Metrics): readonly Route[] => [
  { method: "get", path: paths.events, handle: stream.events },
  { method: "get", path: paths.stats, handle: stream.stats },
  {
    method: "get",
    path: paths.metrics,
    handle: async (_req, res) => {
      const text = await metrics.text();
      res.writeHead(200, { "Content-Type": metrics.contentType }).end(text);
    },
  },
];
