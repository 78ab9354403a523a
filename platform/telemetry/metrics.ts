// The one door to prom-client, which writes what the programs count in Prometheus' form. The programs count in plain
// numbers; they are read on request, so that counting costs an addition and no labels are made per request.
import { collectDefaultMetrics, type Metric, Registry } from "prom-client";
import { version } from "../process/version.ts";
import type { Distribution } from "./distribution.ts";

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

export interface Distributed {
  readonly labels?: Labels;
  readonly distribution: Distribution;
}

/** Null: not known at the moment, nothing is told. */
export type Read<T> = () => T | null | Promise<T | null>;

interface Value {
  readonly metricName?: string;
  readonly labels: Labels;
  readonly value: number;
}

const eventLoopPrecisionMs = 100;

export class Metrics {
  readonly #registry = new Registry();

  /** @param labels that every metric bears */
  constructor(labels: Labels = {}) {
    this.#registry.setDefaultLabels(labels);
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: eventLoopPrecisionMs });
    const samples = [{ labels: { version }, value: 1 }];
    this.gauge("dbaas_build_info", "Always 1: the version of the program is its label.", () => samples);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  gauge(name: string, help: string, read: Read<number | readonly Sample[]>): void {
    this.#register(name, help, "gauge", async () => samplesOf(await read()));
  }

  counter(name: string, help: string, read: Read<number | readonly Sample[]>): void {
    this.#register(name, help, "counter", async () => samplesOf(await read()));
  }

  /** @param unit what a value of 1 is in the unit that the name says, for instance 0.001 for ms in a metric of seconds */
  histogram(name: string, help: string, unit: number, read: () => readonly Distributed[]): void {
    this.#register(name, help, "histogram", async () =>
      read().flatMap((distributed) => histogramValues(name, unit, distributed)),
    );
  }

  #register(name: string, help: string, type: string, values: () => Promise<readonly Value[]>): void {
    const metric = {
      name,
      get: async () => ({ name, help, type, aggregator: "sum", values: await values() }),
    };
    // The registry asks a metric for its name and its values only; prom-client's types know none but its own classes.
    this.#registry.registerMetric(metric as unknown as Metric);
  }
}

function samplesOf(read: number | readonly Sample[] | null): readonly Value[] {
  if (read === null) return [];
  if (typeof read === "number") return [{ labels: {}, value: read }];
  return read.map(({ labels = {}, value }) => ({ labels, value }));
}

/** All buckets each time, empty ones too: Prometheus compares them over time. */
function histogramValues(
  name: string,
  unit: number,
  { labels = {}, distribution }: Distributed,
): readonly Value[] {
  const buckets = distribution.cumulative().map(({ upTo, count }) => ({
    metricName: `${name}_bucket`,
    labels: { ...labels, le: String(Number((upTo * unit).toPrecision(6))) },
    value: count,
  }));
  return [
    ...buckets,
    { metricName: `${name}_bucket`, labels: { ...labels, le: "+Inf" }, value: distribution.count },
    { metricName: `${name}_sum`, labels, value: Number((distribution.sum * unit).toPrecision(12)) },
    { metricName: `${name}_count`, labels, value: distribution.count },
  ];
}
