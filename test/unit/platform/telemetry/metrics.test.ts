import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Distribution, sizeScale } from "../../../../platform/telemetry/distribution.ts";
import { Metrics } from "../../../../platform/telemetry/metrics.ts";

const told = async (fill: (metrics: Metrics) => void): Promise<readonly string[]> => {
  const metrics = new Metrics({ program: "test" });
  fill(metrics);
  return (await metrics.text())
    .split("\n")
    .filter((line) => line.includes("dbaas_") && !line.includes("dbaas_build_info"));
};

describe("metrics", () => {
  it("are read at the moment somebody asks", async () => {
    let reads = 1;
    const metrics = new Metrics();
    metrics.counter("dbaas_x_total", "things", () => reads);
    assert.match(await metrics.text(), /^dbaas_x_total 1$/m);
    reads = 5;
    assert.match(await metrics.text(), /^dbaas_x_total 5$/m);
  });

  it("bear their labels and those of the program", async () => {
    const lines = await told((metrics) =>
      metrics.gauge("dbaas_depth", "how deep", () => [{ labels: { queue: 'odd "name"' }, value: 3 }]),
    );
    assert.deepEqual(lines, [
      "# HELP dbaas_depth how deep",
      "# TYPE dbaas_depth gauge",
      'dbaas_depth{queue="odd \\"name\\"",program="test"} 3',
    ]);
  });

  it("say nothing where nothing is known", async () => {
    const lines = await told((metrics) => metrics.gauge("dbaas_depth", "how deep", async () => null));
    assert.deepEqual(lines, ["# HELP dbaas_depth how deep", "# TYPE dbaas_depth gauge"]);
  });

  it("tell distributions as cumulative buckets in the unit of their name", async () => {
    const sizes = new Distribution({ ...sizeScale, octaves: 2 });
    for (const size of [1, 3, 9]) sizes.observe(size);
    const lines = await told((metrics) =>
      metrics.histogram("dbaas_size", "how large", 0.001, () => [{ distribution: sizes }]),
    );
    assert.deepEqual(lines.slice(2), [
      'dbaas_size_bucket{le="0.001",program="test"} 1',
      'dbaas_size_bucket{le="0.002",program="test"} 1',
      'dbaas_size_bucket{le="0.004",program="test"} 2',
      'dbaas_size_bucket{le="+Inf",program="test"} 3',
      'dbaas_size_sum{program="test"} 0.013',
      'dbaas_size_count{program="test"} 3',
    ]);
  });

  it("include the process's own: memory, processor time, event loop", async () => {
    const text = await new Metrics().text();
    for (const name of [
      "process_resident_memory_bytes",
      "process_cpu_seconds_total",
      "nodejs_eventloop_lag_p99_seconds",
    ])
      assert.match(text, new RegExp(`^${name} `, "m"));
  });
});
