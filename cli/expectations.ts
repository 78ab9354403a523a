// PURE: what `wait --for` waits for: a condition of the status, or one of its plain values.
import {
  type ClusterStatus,
  conditionStatuses,
  conditionTypes,
  notObserved,
  type StatusCondition,
} from "../core/state/status.ts";
import { CliError, exitCodes } from "./exit.ts";

const values = ["master", "desiredSlaves", "readySlaves"] as const satisfies readonly (keyof ClusterStatus)[];

export type Expectation =
  | { readonly condition: StatusCondition["type"]; readonly is: StatusCondition["status"] }
  | { readonly value: (typeof values)[number]; readonly is: string };

/** `Ready`, `Degraded=False`, `readySlaves=3`. @throws CliError naming what there is to wait for */
export function expectationIn(text: string): Expectation {
  const [name = "", is, ...more] = text.split("=");
  const condition = conditionTypes.find((one) => one.toLowerCase() === name.toLowerCase());
  const state = conditionStatuses.find((one) => one.toLowerCase() === (is ?? "True").toLowerCase());
  if (condition !== undefined && state !== undefined && more.length === 0) return { condition, is: state };
  const value = values.find((one) => one === name);
  if (value !== undefined && is !== undefined && is !== "" && more.length === 0) return { value, is };
  throw new CliError(
    exitCodes.usage,
    `cannot wait for ${text}; there are ${conditionTypes.join(", ")} (=True, =False or =Unknown), ${values.map((one) => `${one}=…`).join(", ")}`,
  );
}

export function holds(expected: Expectation, status: ClusterStatus): boolean {
  if ("value" in expected)
    return !isBlind(status) && String(status[expected.value] ?? "none") === expected.is;
  return conditionIn(status, expected.condition)?.status === expected.is;
}

/** How that very thing stands at the moment. */
export function told(expected: Expectation, status: ClusterStatus): string {
  if ("value" in expected) {
    const value = status[expected.value] ?? "none";
    return isBlind(status)
      ? `${expected.value} was ${value}; ${conditionIn(status, "Ready")?.message}`
      : `${expected.value} is ${value}`;
  }
  const { status: is, message } = conditionIn(status, expected.condition) ?? {
    status: "Unknown",
    message: "it was not reported yet",
  };
  return `${expected.condition} is ${is}: ${message}`;
}

/** Whether the values are those of an earlier cycle. */
const isBlind = (status: ClusterStatus): boolean => conditionIn(status, "Ready")?.reason === notObserved;

const conditionIn = ({ conditions: all }: ClusterStatus, type: StatusCondition["type"]) =>
  all.find((one) => one.type === type);
