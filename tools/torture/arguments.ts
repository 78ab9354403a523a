// PURE. The command line of `./dbaas torture`.
import { Command, CommanderError, InvalidArgumentError } from "commander";
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

const description = [
  "Brings up a cluster of its own (dbaas-torture), lets clients write and read, and breaks the cluster in every listed way, one",
  "fault after another, until the time is over. After each fault the cluster must be as desired again, and everything the",
  "clients were told must be true in every copy and in the log. Exits with 1 when anything was not.",
].join(" ");

export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The help that was asked for. */
export class HelpWanted extends Error {
  override readonly name = "HelpWanted";
}

/** @throws UsageError, HelpWanted */
export function argumentsFrom(
  given: readonly string[],
  catalogue: readonly Fault[],
  seedDefault: number,
): TortureArguments {
  const command = tortureCommand(catalogue);
  try {
    const unless = { seed: seedDefault, rounds: null, faults: catalogue, keep: false, list: false };
    return { ...unless, ...command.parse([...given], { from: "user" }).opts<Given>() };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed") throw new HelpWanted(command.helpInformation());
    throw new UsageError(`${error.message.replace(/^error: /, "")}\n\n${command.helpInformation()}`);
  }
}

/** What has no default of its own is there only where it was given. */
type Given = Pick<TortureArguments, "minutes" | "clients" | "rows" | "patience"> & Partial<TortureArguments>;

const tortureCommand = (catalogue: readonly Fault[]): Command =>
  new Command("./dbaas torture")
    .description(description)
    .option("--seed <n>", "the same seed gives the same plan (default: of the time)", whole(0, 2 ** 32 - 1))
    .option("--minutes <m>", "how long", number(0.1, 24 * 60), 5)
    .option("--rounds <r>", "end as well when every fault came so often", whole(1, 1_000))
    .option("--faults <names>", "only these, with commas between them (default: all)", among(catalogue))
    .option("--clients <k>", "how many besides the one that measures", whole(1, 200), 8)
    .option(
      "--rows <n>",
      "rows of ballast that the database has at the beginning",
      whole(0, 5_000_000),
      20_000,
    )
    .option(
      "--patience <factor>",
      "how many times longer than usual healing may take, on a machine that is slow or busy",
      number(1, 20),
      1,
    )
    .option("--keep", "leave the cluster running at the end")
    .option("--list", "print the faults")
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    .exitOverride();

const number =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value) || value < min || value > max)
      throw new InvalidArgumentError(`It must be a number from ${min} to ${max}.`);
    return value;
  };

const whole =
  (min: number, max: number) =>
  (text: string): number => {
    const value = number(min, max)(text);
    if (!Number.isInteger(value)) throw new InvalidArgumentError("It must be a whole number.");
    return value;
  };

const among =
  (catalogue: readonly Fault[]) =>
  (text: string): readonly Fault[] =>
    text.split(",").map((name) => {
      const fault = catalogue.find((one) => one.name === name.trim());
      if (fault === undefined)
        throw new InvalidArgumentError(`There is no fault "${name.trim()}" (--list shows all).`);
      return fault;
    });
