// `wait`: its options, and what it prints.
import { type Command, InvalidArgumentError, Option } from "commander";
import { parseDuration } from "../core/manifest/quantities.ts";
import { expectationIn } from "./expectations.ts";
import { type Watched, waitFor } from "./wait.ts";

function durationMs(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw new InvalidArgumentError("It must be a duration such as 30s or 2m.");
  return ms;
}

export function waitCommand(
  program: Command,
  open: () => Promise<Watched>,
  out: (text: string) => Promise<void>,
): void {
  program
    .command("wait")
    .description("wait until the controller reports a condition or a value")
    .addOption(
      new Option(
        "--for <what...>",
        "a condition, also with =False; master=, desiredSlaves= or readySlaves=",
      ).default(["Ready"], "Ready"),
    )
    .addOption(
      new Option("--timeout <duration>", "how long at most").argParser(durationMs).default(60_000, "60s"),
    )
    .addHelpText(
      "after",
      `
Several must hold together. Exit codes: 0 it holds, 1 not in time, 3 the cluster's ZooKeeper could not be reached in time.

Examples:
  ./dbaas wait
  ./dbaas wait --for=Ready --timeout 2m
  ./dbaas wait --for=Degraded=False --for=readySlaves=3`,
    )
    .action(async (options: { readonly for: readonly string[]; readonly timeout: number }) => {
      await out(await waitFor(open, options.for.map(expectationIn), options.timeout));
    });
}
