import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  isTracingOn,
  tracingEnvironment,
  tracingSettings,
} from "../../../../platform/telemetry/tracing-settings.ts";

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };
const samplingOf = (name: string, argument = "") =>
  tracingSettings({ ...endpoint, OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: argument }).sampling;

describe("the settings of traces", () => {
  it("are off without an endpoint, with an empty one, and where the SDK is disabled", () => {
    assert.equal(isTracingOn({}), false);
    assert.equal(isTracingOn({ OTEL_EXPORTER_OTLP_ENDPOINT: "" }), false);
    assert.equal(isTracingOn({ ...endpoint, OTEL_SDK_DISABLED: "true" }), false);
    assert.equal(isTracingOn(endpoint), true);
  });

  it("post to the endpoint's path for traces", () => {
    assert.equal(tracingSettings(endpoint).url, "http://collector:4318/v1/traces");
    const below = { OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector/otlp/" };
    assert.equal(tracingSettings(below).url, "https://collector/otlp/v1/traces");
  });

  it("refuse an endpoint that is no URL of HTTP", () => {
    for (const bad of ["collector", "collector:4317", "grpc://collector:4317"])
      assert.throws(
        () => tracingSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: bad }),
        /OTEL_EXPORTER_OTLP_ENDPOINT is not a URL/,
      );
  });

  it("know the specification's samplers", () => {
    assert.deepEqual(samplingOf(""), { byParent: true, ratio: 1 });
    assert.deepEqual(samplingOf("always_on"), { byParent: false, ratio: 1 });
    assert.deepEqual(samplingOf("always_off"), { byParent: false, ratio: 0 });
    assert.deepEqual(samplingOf("traceidratio", "0.25"), { byParent: false, ratio: 0.25 });
    assert.deepEqual(samplingOf("parentbased_always_off"), { byParent: true, ratio: 0 });
    assert.deepEqual(samplingOf("parentbased_traceidratio", "0.01"), { byParent: true, ratio: 0.01 });
    assert.deepEqual(samplingOf("parentbased_traceidratio"), { byParent: true, ratio: 1 });
  });

  it("refuse a sampler or a ratio that does not exist, by name", () => {
    assert.throws(() => samplingOf("sometimes"), /OTEL_TRACES_SAMPLER: there is no sampler sometimes/);
    for (const bad of ["2", "-0.1", "many"])
      assert.throws(() => samplingOf("traceidratio", bad), /OTEL_TRACES_SAMPLER_ARG is not a number/);
  });

  it("read headers and attributes as percent-encoded pairs", () => {
    const { headers, resource } = tracingSettings({
      ...endpoint,
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20a=b, x-tenant=7",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=test,",
    });
    assert.deepEqual(headers, { authorization: "Bearer a=b", "x-tenant": "7" });
    assert.deepEqual(resource, { "deployment.environment": "test" });
    assert.throws(
      () => tracingSettings({ ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: "nothing" }),
      /OTEL_EXPORTER_OTLP_HEADERS is not a list/,
    );
  });

  it("hand on what concerns traces and nothing else, and nothing while they are off", () => {
    const given = {
      ...endpoint,
      OTEL_TRACES_SAMPLER: "always_on",
      OTEL_TRACES_SAMPLER_ARG: "",
      PATH: "/bin",
    };
    assert.deepEqual(tracingEnvironment(given), { ...endpoint, OTEL_TRACES_SAMPLER: "always_on" });
    assert.deepEqual(tracingEnvironment({ OTEL_TRACES_SAMPLER: "always_on" }), {});
  });
});
