// What the API tells Prometheus.

import type { QueueDepths } from "../../core/state/stats.ts";
import type { Distribution } from "../../platform/telemetry/distribution.ts";
import { Metrics } from "../../platform/telemetry/metrics.ts";
import type { Meters } from "./meters.ts";

interface MeasuredBatcher {
  readonly pending: number;
  /** Requests in each message. */
  readonly sizes: Distribution;
  /** Messages that were sent once more. */
  readonly repeats: number;
}

export interface Measured {
  readonly meters: Meters;
  readonly reads: MeasuredBatcher;
  readonly writes: MeasuredBatcher;
  readonly answers: { readonly dropped: number };
  readonly readsCounted: () => number;
  readonly depths: () => Promise<QueueDepths | null>;
  readonly listeners: () => number;
  readonly bodies: { readonly heldBytes: number; readonly givenUp: number };
  readonly unsent: { readonly bytes: number; readonly givenUp: number };
  /** Of libSQL clients. */
  readonly streams: { readonly count: number; readonly transactions: number };
}

const ms = 0.001;

export function apiMetrics(api: string, measured: Measured): Metrics {
  const { meters, reads, writes, answers, readsCounted, depths, listeners, bodies, unsent } = measured;
  const metrics = new Metrics({ program: "api", api });
  const perKind = (of: (batcher: MeasuredBatcher) => number) => () => [
    { labels: { kind: "read" }, value: of(reads) },
    { labels: { kind: "write" }, value: of(writes) },
  ];
  metrics.histogram("dbaas_http_request_seconds", "Time from a request's arrival to its answer", ms, () =>
    meters.distributions(),
  );
  metrics.histogram("dbaas_batch_requests", "Requests in each message to the workers", 1, () => [
    { labels: { kind: "read" }, distribution: reads.sizes },
    { labels: { kind: "write" }, distribution: writes.sizes },
  ]);
  metrics.gauge(
    "dbaas_requests_waiting",
    "Requests that are not answered yet",
    perKind(({ pending }) => pending),
  );
  metrics.counter(
    "dbaas_messages_repeated_total",
    "Messages that were sent again because their answer may have been lost",
    perKind(({ repeats }) => repeats),
  );
  metrics.counter(
    "dbaas_answers_dropped_total",
    "Answers whose request was no longer waiting",
    () => answers.dropped,
  );
  metrics.counter("dbaas_reads_counted_total", "Read requests counted for the scaling, ever", readsCounted);
  metrics.gauge(
    "dbaas_queue_messages",
    "Messages in each queue; for syncQ the records it holds, about",
    async () => {
      const depth = await depths();
      return depth && Object.entries(depth).map(([queue, value]) => ({ labels: { queue }, value }));
    },
  );
  metrics.gauge("dbaas_event_listeners", "Listeners of the event stream", listeners);
  const inMemory = (arriving: number, unread: number) => [
    { labels: { what: "bodies" }, value: arriving },
    { labels: { what: "answers" }, value: unread },
  ];
  metrics.gauge(
    "dbaas_http_bytes_held",
    "Bytes of bodies that arrive, and of answers that are not read",
    () => inMemory(bodies.heldBytes, unsent.bytes),
  );
  metrics.counter(
    "dbaas_http_given_up_total",
    "Bodies and answers that were given up for want of room or time",
    () => inMemory(bodies.givenUp, unsent.givenUp),
  );
  return withStreams(metrics, measured);
}

function withStreams(metrics: Metrics, { streams }: Measured): Metrics {
  metrics.gauge(
    "dbaas_libsql_streams",
    "Streams of libSQL clients that are open, or left by clients that did not close them",
    () => streams.count,
  );
  metrics.gauge(
    "dbaas_libsql_transactions",
    "Transactions of libSQL clients that are open",
    () => streams.transactions,
  );
  return metrics;
}
