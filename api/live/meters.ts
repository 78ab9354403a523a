// What is counted of every request: one distribution of its times for each route and status. Made once for each pair, then
// only added to.
import type { Clock } from "../../platform/process/clock.ts";
import { Distribution, latencyScale } from "../../platform/telemetry/distribution.ts";
import type { Distributed } from "../../platform/telemetry/metrics.ts";

export class RouteMeter {
  readonly method: string;
  readonly route: string;
  readonly clock: Clock;
  readonly #byStatus: (Distribution | undefined)[] = [];

  constructor(method: string, route: string, clock: Clock) {
    this.method = method;
    this.route = route;
    this.clock = clock;
  }

  answered(startedAtMs: number, status: number): void {
    let times = this.#byStatus[status];
    if (times === undefined) {
      times = new Distribution(latencyScale);
      this.#byStatus[status] = times;
    }
    times.observe(this.clock.monotonicMs() - startedAtMs);
  }

  entries(): readonly { readonly status: number; readonly times: Distribution }[] {
    return this.#byStatus.flatMap((times, status) => (times === undefined ? [] : [{ status, times }]));
  }
}

export class Meters {
  readonly #clock: Clock;
  readonly #meters: RouteMeter[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(method: string, route: string): RouteMeter {
    const meter = new RouteMeter(method.toUpperCase(), route, this.#clock);
    this.#meters.push(meter);
    return meter;
  }

  distributions(): readonly Distributed[] {
    return this.#meters.flatMap((meter) =>
      meter.entries().map(({ status, times }) => ({
        labels: { method: meter.method, route: meter.route, status: String(status) },
        distribution: times,
      })),
    );
  }
}
