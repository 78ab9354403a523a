// Begins tracing where the environment asks for it. OpenTelemetry is loaded only then.
import { messageOf } from "../../core/errors.ts";
import type { Environment } from "../process/program.ts";
import type { Log } from "./log.ts";
import { type SendingLimits, sendingLimits, type TracedProgram, type Tracing } from "./tracing.ts";
import { isTracingOn, tracingSettings } from "./tracing-settings.ts";

/** @returns undefined when traces are off, or when what the environment says of them makes no sense: that costs traces only */
export async function openTracing(
  environment: Environment,
  program: TracedProgram,
  log: Log,
  sending: SendingLimits = sendingLimits,
): Promise<Tracing | undefined> {
  if (!isTracingOn(environment)) return undefined;
  try {
    const { OpenTelemetry } = await import("./opentelemetry.ts");
    return new OpenTelemetry(tracingSettings(environment), program, log, sending);
  } catch (error) {
    log.error({ reason: messageOf(error) }, "traces stay off");
    return undefined;
  }
}
