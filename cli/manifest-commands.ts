// diff, apply, scale, pause and resume: commands about the operator's manifest. The file lies on the host, and where this
// program runs it can only be read. So `./dbaas` gives it in as standard input, and for an edit takes the new text from
// standard output and puts it in the file's place; what a person shall read goes to standard error then.
import { type Command, InvalidArgumentError, Option } from "commander";
import type { ManifestEdit } from "../core/manifest/edit.ts";
import { CliError, exitCodes } from "./exit.ts";
import { forMachines, formats, type OutputFormat } from "./output.ts";
import { awaitTakenUp } from "./taken-up.ts";
import type { ClusterView } from "./view.ts";
import { requireWhole, withMark } from "./whole.ts";

export interface Surroundings {
  readonly withView: (use: (view: ClusterView) => Promise<void>) => Promise<void>;
  /** The manifest's bytes. */
  readonly input: () => Promise<Buffer>;
  readonly out: (text: string) => Promise<void>;
  readonly tell: (text: string) => Promise<void>;
}

interface Given {
  /** The file's name, for messages. */
  readonly name: string;
  /** Of the text that comes in, as `./dbaas` has read it. */
  readonly sha256?: string;
}

const work = () => import("./manifest-work.ts");

const nameOption = () => new Option("--name <name>").default("dbaas.yaml").hideHelp();
const checksumOption = () => new Option("--sha256 <digest>").hideHelp();
const fileOption = (of: string) => new Option("-f, --file <file>", of);

export function manifestCommands(program: Command, surroundings: Surroundings): void {
  diffCommand(program, surroundings);
  applyCommand(program, surroundings);
  editCommand(program, surroundings, "pause", { paused: true }).description(
    "let the controller observe and report, and act on nothing (for maintenance)",
  );
  editCommand(program, surroundings, "resume", { paused: false }).description("end a pause");
  scaleCommand(program, surroundings);
  takenUpCommand(program, surroundings);
}

function diffCommand(program: Command, { withView, input, out }: Surroundings): void {
  program
    .command("diff")
    .description("what a manifest would do to the running cluster, without doing it")
    .addOption(fileOption("the manifest to compare (default: the cluster's own)"))
    .addOption(new Option("-o, --output <format>", "how to print it").choices([...formats]).default("table"))
    .addOption(nameOption())
    .addOption(checksumOption())
    .addHelpText(
      "after",
      `
Compared with the manifest that was last taken up, and with the tables that there are. Exit codes: 0 no change, 1 differences, 2 the manifest is not valid
(every problem is told with line and column), 3 the cluster cannot be reached.

Examples:
  ./dbaas diff
  ./dbaas diff -f new.yaml
  ./dbaas diff -f new.yaml -o json`,
    )
    .action(async ({ name, sha256, output }: Given & { readonly output: OutputFormat }) => {
      const text = requireWhole(await input(), sha256);
      const { diffText, diffWith, isSame, specOf } = await work();
      const spec = specOf(name, text);
      await withView(async (view) => {
        const diff = await diffWith(view, text, spec);
        await out(forMachines(diff, output) ?? diffText(diff));
        if (!isSame(diff)) throw new CliError(exitCodes.differences, "");
      });
    });
}

/** `./dbaas` does it with `diff` and `taken-up`; here is its help. */
function applyCommand(program: Command, { tell }: Surroundings): void {
  program
    .command("apply")
    .description("check a manifest, show what it changes, ask, and put it in the place of the cluster's own")
    .addOption(fileOption("the manifest, - for standard input"))
    .option("-y, --yes", "do not ask")
    .option("--wait", "until every worker is as desired")
    .addHelpText(
      "after",
      `
Exit codes: 0 in force, 1 not taken up in time or not wanted, 2 not valid (nothing was changed), 3 no cluster.

Examples:
  ./dbaas apply -f new.yaml
  ./dbaas apply -f new.yaml --yes --wait
  ssh host cat dbaas.yaml | ./dbaas apply -f - --yes`,
    )
    .action(() => tell("apply is a command of ./dbaas on the host\n"));
}

function editCommand(
  program: Command,
  { withView, input, out, tell }: Surroundings,
  command: string,
  fixed: ManifestEdit = {},
): Command {
  return program
    .command(command)
    .addOption(nameOption())
    .addOption(checksumOption())
    .addHelpText("after", fixed.paused === undefined ? "" : `\nExample:\n  ./dbaas ${command}`)
    .action(async ({ name, sha256, ...edit }: Given & ManifestEdit) => {
      const text = requireWhole(await input(), sha256);
      const { diffText, diffWith, editedText, specOf } = await work();
      const edited = editedText(name, text, { ...fixed, ...edit });
      await withView(async (view) => tell(diffText(await diffWith(view, edited, specOf(name, edited)))));
      await out(sha256 === undefined ? edited : withMark(edited));
    });
}

function whole(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

function scaleCommand(program: Command, surroundings: Surroundings): void {
  editCommand(program, surroundings, "scale")
    .description("change how many slaves there may be, in the manifest")
    .option("--min <slaves>", "never fewer", whole)
    .option("--max <slaves>", "never more", whole)
    .option("--baseline <slaves>", "as many before the first window of reads has ended", whole)
    .option("--wait", "until every worker is as desired")
    .addHelpText(
      "after",
      `
The manifest is edited in place, its comments stay. Within the bounds the number of reads decides.

Examples:
  ./dbaas scale --min 2
  ./dbaas scale --min 1 --max 4 --baseline 2
  ./dbaas scale --min 3 --max 3 --baseline 3 --wait`,
    )
    .hook("preAction", (_, command) => {
      const { min, max, baseline } = command.opts<ManifestEdit>();
      if (min === undefined && max === undefined && baseline === undefined)
        throw new CliError(exitCodes.usage, "scale needs --min, --max or --baseline");
    });
}

function takenUpCommand(program: Command, { withView, input, out }: Surroundings): void {
  program
    .command("taken-up", { hidden: true })
    .option("--wait")
    .addOption(nameOption())
    .addOption(checksumOption())
    .action(async ({ name, sha256, wait }: Given & { readonly wait?: boolean }) => {
      const text = requireWhole(await input(), sha256);
      const { specOf } = await work();
      const spec = specOf(name, text);
      await withView(async (view) =>
        out(await awaitTakenUp(view, spec, wait === true ? "as desired" : "in force")),
      );
    });
}
