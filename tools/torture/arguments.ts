// PURE. The command line of `./dbaas torture`.
import { Command, CommanderError, InvalidArgumentError } from "commander";
import type { Fault } from "./faults/fault.ts";

/** The faults of one kind of cluster. */
export interface Catalogue {
  readonly faults: readonly Fault[];
  /** Names of those that come between the others: deaths of the master, in every way. */
  readonly between: readonly string[];
  /** Those that come only where they are asked for: it is known that not all of it is survived. */
  readonly onlyByName?: readonly Fault[];
}

/** By how many hosts the cluster has. */
export type Catalogues = Readonly<Record<HostCount, Catalogue>>;

export type HostCount = 1 | 3;

export interface TortureArguments extends Catalogue {
  readonly hosts: HostCount;
  readonly seed: number;
  readonly minutes: number;
  /** So often every fault comes at most; null for as often as there is time. */
  readonly rounds: number | null;
  readonly clients: number;
  readonly rows: number;
  /** Factor for every time limit within which the cluster must heal. */
  readonly patience: number;
  readonly keep: boolean;
  readonly list: boolean;
}

const description = [
  "Brings up a cluster of its own (dbaas-torture), lets clients write and read, and breaks the cluster in every listed way, one",
  "fault after another, until the time is over. After each fault the cluster must be as desired again, and everything the",
  "clients were told must be true in every copy and in the log. Exits with 1 when anything was not. With --hosts 3 the cluster",
  "runs on three hosts that are simulated on this machine, as root, and whole hosts are lost.",
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
  catalogues: Catalogues,
  seedDefault: number,
): TortureArguments {
  const command = tortureCommand();
  try {
    const unless = { seed: seedDefault, rounds: null, keep: false, list: false };
    const { faults: names, ...rest } = command.parse([...given], { from: "user" }).opts<Given>();
    const { faults, between, onlyByName = [] } = catalogues[rest.hosts];
    const asked = names === undefined ? faults : among([...faults, ...onlyByName], names);
    return { ...unless, ...rest, between, faults: asked };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed") throw new HelpWanted(command.helpInformation());
    throw new UsageError(`${error.message.replace(/^error: /, "")}\n\n${command.helpInformation()}`);
  }
}

/** What has no default of its own is there only where it was given. */
type Given = Pick<TortureArguments, "hosts" | "minutes" | "clients" | "rows" | "patience"> &
  Partial<Omit<TortureArguments, "faults" | "between">> & { readonly faults?: string };

const tortureCommand = (): Command =>
  new Command("./dbaas torture")
    .description(description)
    .option("--seed <n>", "the same seed gives the same plan (default: of the time)", whole(0, 2 ** 32 - 1))
    .option("--minutes <m>", "how long", number(0.1, 24 * 60), 5)
    .option("--rounds <r>", "end as well when every fault came so often", whole(1, 1_000))
    .option("--hosts <n>", "1, or 3 that are simulated, with faults of their own", hostCount, 1)
    .option("--faults <names>", "only these, with commas between them (default: all)")
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

function hostCount(text: string): HostCount {
  const count = Number(text);
  if (count !== 1 && count !== 3) throw new InvalidArgumentError("It must be 1 or 3.");
  return count;
}

/** @throws UsageError */
const among = (faults: readonly Fault[], names: string): readonly Fault[] =>
  names.split(",").map((name) => {
    const fault = faults.find((one) => one.name === name.trim());
    if (fault === undefined) throw new UsageError(`There is no fault "${name.trim()}" (--list shows all).`);
    return fault;
  });
