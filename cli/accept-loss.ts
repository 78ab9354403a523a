// `accept-loss`: shows what would be lost, and has the service go on without it. Who is asked is the person at the terminal:
// that is done by the script on the host, which calls this twice.
import { type Command, InvalidArgumentError } from "commander";
import type { ClusterStatus } from "../core/state/status.ts";
import type { Api } from "./api.ts";
import { CliError, exitCodes } from "./exit.ts";
import { copiesTable } from "./show.ts";
import type { ClusterView } from "./view.ts";

interface Surroundings {
  readonly withView: (use: (view: ClusterView) => Promise<void>) => Promise<void>;
  readonly api: Pick<Api, "acceptLoss">;
  readonly out: (text: string) => void;
}

function workerName(text: string): string {
  if (!/^w-[1-9]\d{0,5}$/.test(text))
    throw new InvalidArgumentError("It must be a worker's name such as w-2.");
  return text;
}

/** @throws CliError when nothing is missing */
export function lossText(status: ClusterStatus, copy: string | undefined): string {
  const data = status.conditions.find(({ type }) => type === "DataComplete");
  if (data?.status !== "False")
    throw new CliError(
      exitCodes.failed,
      `no copy is missing: ${data?.message ?? "the controller has not said"}`,
    );
  const which = copy === undefined ? "the fullest copy that is open" : `the copy of ${copy}`;
  return [
    `Missing: ${data.message}\n`,
    `${copiesTable(status.copies)}\n`,
    `If the loss is accepted, ${which} goes on. What only the missing copy holds is lost for good,\n`,
    "also when it comes back later.\n",
  ].join("");
}

export function acceptLossCommand(program: Command, { withView, api, out }: Surroundings): void {
  program
    .command("accept-loss")
    .description("go on without a copy that is missing: what only it holds is lost")
    .option("--copy <worker>", "let this one's copy go on, not the fullest that is open", workerName)
    .option("-y, --yes", "do not ask")
    .addHelpText(
      "after",
      `
It is refused while a master leads, while nothing is missing, and when a fuller copy than the named one is open.
Exit codes: 0 accepted, 1 refused or not wanted, 3 no cluster.

Examples:
  ./dbaas accept-loss
  ./dbaas accept-loss --copy w-2 --yes`,
    )
    .action(async ({ copy, yes }: { readonly copy?: string; readonly yes?: boolean }) => {
      await withView(async (view) => out(lossText((await view.look()).status, copy)));
      if (yes !== true) return;
      const pid = await api.acceptLoss(copy);
      out(`The loss is accepted: the worker with pid ${pid} goes on with its copy.\n`);
    });
}
