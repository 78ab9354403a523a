// PURE. The command line of `./dbaas torture`.
import { parseArgs } from "node:util";
import type { Fault } from "./faults/fault.ts";

export interface TortureArguments {
  readonly seed: number;
  readonly minutes: number;
  /** So often every fault comes at most; null for as often as there is time. */
  readonly rounds: number | null;
  readonly clients: number;
  readonly rows: number;
  /** Factor for every time limit within which the cluster must heal. */
  readonly patience: number;
  readonly faults: readonly Fault[];
  readonly keep: boolean;
  readonly list: boolean;
}

export const usage = `usage: ./dbaas torture [--seed N] [--minutes M] [--rounds R] [--faults a,b] [--clients K]
                         [--rows N] [--patience F] [--keep]
       ./dbaas torture --list

Brings up a cluster of its own (dbaas-torture), lets clients write and read, and breaks the cluster in every listed way, one
fault after another, until the time is over. After each fault the cluster must be as desired again, and everything the
clients were told must be true in every copy and in the log. Exits with 1 when anything was not.

  --seed     the same seed gives the same plan (default: of the time)
  --minutes  how long (default 5)
  --rounds   ends as well when every fault came so often
  --faults   only these, by name
  --clients  how many besides the one that measures (default 8)
  --rows     how many rows of ballast the database has at the beginning (default 20000)
  --patience how many times longer than usual healing may take, on a machine that is slow or busy (default 1)
  --keep     leave the cluster running at the end
  --list     print the faults`;

export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** @throws UsageError */
export function argumentsFrom(
  given: readonly string[],
  catalogue: readonly Fault[],
  seedDefault: number,
): TortureArguments {
  const { values } = parsed(given);
  return {
    seed: whole("seed", values.seed, 0, 2 ** 32 - 1) ?? seedDefault,
    minutes: numberOf("minutes", values.minutes, 0.1, 24 * 60) ?? 5,
    rounds: whole("rounds", values.rounds, 1, 1_000) ?? null,
    clients: whole("clients", values.clients, 1, 200) ?? 8,
    rows: whole("rows", values.rows, 0, 5_000_000) ?? 20_000,
    patience: numberOf("patience", values.patience, 1, 20) ?? 1,
    faults: values.faults === undefined ? catalogue : named(values.faults, catalogue),
    keep: values.keep ?? false,
    list: values.list ?? false,
  };
}

function parsed(given: readonly string[]) {
  try {
    return parseArgs({
      args: [...given],
      options: {
        seed: { type: "string" },
        minutes: { type: "string" },
        rounds: { type: "string" },
        clients: { type: "string" },
        rows: { type: "string" },
        patience: { type: "string" },
        faults: { type: "string" },
        keep: { type: "boolean" },
        list: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function numberOf(name: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < min || value > max)
    throw new UsageError(`--${name} must be a number from ${min} to ${max}, not "${text}"`);
  return value;
}

function whole(name: string, text: string | undefined, min: number, max: number): number | undefined {
  const value = numberOf(name, text, min, max);
  if (value !== undefined && !Number.isInteger(value))
    throw new UsageError(`--${name} must be a whole number, not "${text}"`);
  return value;
}

function named(text: string, catalogue: readonly Fault[]): readonly Fault[] {
  return text.split(",").map((name) => {
    const fault = catalogue.find((one) => one.name === name.trim());
    if (fault === undefined) throw new UsageError(`there is no fault "${name.trim()}" (--list shows all)`);
    return fault;
  });
}
