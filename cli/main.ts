// The command line: what operators ask of a running cluster. It runs inside the orchestrator's container and looks where
// the programs themselves look: the cluster's state in ZooKeeper, the data through the API.
import { Command, CommanderError, Option } from "commander";
import { messageOf } from "../core/errors.ts";
import { variable } from "../platform/process/program.ts";
import { acceptLossCommand } from "./accept-loss.ts";
import { Api } from "./api.ts";
import { dataCommands } from "./data/commands.ts";
import { Service } from "./data/service.ts";
import { describeWorker } from "./describe.ts";
import { visibleLines } from "./display.ts";
import { CliError, exitCodes } from "./exit.ts";
import { keptManifestCommands } from "./kept-manifest.ts";
import { manifestCommands, type Surroundings } from "./manifest-commands.ts";
import { formats, type OutputFormat } from "./output.ts";
import { namesOf, type Subject, show, subjects } from "./show.ts";
import { sqlCommand } from "./sql/command.ts";
import { endWith, endWithInput, errors, readInput, screen } from "./streams.ts";
import type { ClusterView } from "./view.ts";
import { openOverHttp } from "./view-over-http.ts";
import type { Watched } from "./wait.ts";
import { waitCommand } from "./wait-command.ts";
import { following, repeatedly } from "./watch.ts";

const env = process.env;

const address = {
  url: env.DBAAS_URL || variable(env, "DBAAS_API", "http://127.0.0.1:80"),
  token: env.DBAAS_TOKEN || undefined,
};

interface ShowOptions {
  readonly output: OutputFormat | "name";
  readonly watch?: boolean;
}

interface DescribeOptions {
  readonly output: OutputFormat;
}

const outputOption = () =>
  new Option("-o, --output <format>", "how to print it").choices([...formats]).default("table");

const views: ClusterView[] = [];

async function openView(): Promise<ClusterView> {
  // Only here: elsewhere ZooKeeper is not reached, and its client need not be built.
  const { ClusterView } = await import("./view.ts");
  const servers = variable(env, "ZOOKEEPER", "zookeeper:2181");
  const view = await ClusterView.open(servers, variable(env, "DBAAS_CLUSTER", "dbaas"));
  views.push(view);
  return view;
}

const closeViews = async (): Promise<void> => {
  await Promise.all(views.map((view) => view.close()));
};

/** From elsewhere what the API tells; beside the cluster what ZooKeeper has, which says more and at once. */
const openWatched: () => Promise<Watched> = env.DBAAS_URL ? openOverHttp(address) : openView;

async function withWatched(use: (view: Watched) => Promise<void>): Promise<void> {
  const view = await openWatched();
  try {
    await use(view);
  } finally {
    await view.close();
  }
}

async function withView(use: (view: ClusterView) => Promise<void>): Promise<void> {
  const view = await openView();
  try {
    await use(view);
  } finally {
    await view.close();
  }
}

async function showSubject(subject: Subject, { output, watch }: ShowOptions): Promise<void> {
  const print = async (view: Watched) => {
    const snapshot = await view.look();
    return output === "name" ? namesOf(subject, snapshot) : show(subject, snapshot, output, Date.now());
  };
  if (watch !== true) return withWatched(async (view) => screen.print(await print(view)));
  if (subject === "events" && output !== "json" && output !== "yaml") return following(openWatched, screen);
  return repeatedly(openWatched, print, screen);
}

const api = new Api(address.url, address.token);

const program = new Command("dbaas")
  .description("Look at and work with the running cluster.")
  .exitOverride()
  .showHelpAfterError("(--help shows how)");

program
  .command("status")
  .description("desired and observed state")
  .addOption(outputOption())
  .option("-w, --watch", "print it again whenever it changes")
  .addHelpText("after", "\nExamples:\n  ./dbaas status\n  ./dbaas status -w\n  ./dbaas status -o json")
  .action((options: ShowOptions) => showSubject("status", options));

program
  .command("get")
  .description(`one of ${subjects.join(", ")}`)
  .argument("<kind>", "what to get")
  .addOption(outputOption().choices([...formats, "name"]))
  .option("-w, --watch", "print it again whenever it changes")
  .addHelpText(
    "after",
    '\nExamples:\n  ./dbaas get workers -o wide\n  ./dbaas get events -w\n  ./dbaas get status -o yaml\n  docker logs "$(./dbaas get master -o name)"',
  )
  .action((kind: string, options: ShowOptions) => {
    const subject = subjects.find((one) => one === kind || one === `${kind}s`);
    if (subject === undefined)
      throw new CliError(exitCodes.usage, `there are ${subjects.join(", ")} to get, not ${kind}`);
    return showSubject(subject, options);
  });

program
  .command("describe")
  .description("everything about one worker")
  .argument("<kind>", "worker")
  .argument("<name>", "for instance w-1")
  .addOption(outputOption())
  .addHelpText("after", "\nExample:\n  ./dbaas describe worker w-1")
  .action((kind: string, name: string, { output }: DescribeOptions) => {
    if (kind !== "worker" && kind !== "workers")
      throw new CliError(exitCodes.usage, `there are workers to describe, not ${kind}`);
    return withWatched(async (view) => {
      await screen.print(describeWorker(name, await view.look(), output, Date.now()));
    });
  });

program
  .command("switchover")
  .description("let the master hand over to a slave in order")
  .addHelpText("after", "\nExample:\n  ./dbaas switchover")
  .action(async () => {
    const pid = await api.switchover();
    await screen.print(
      `the master with pid ${pid} was asked to step down; ./dbaas get workers -w shows it\n`,
    );
  });

program
  .command("events")
  .description("what the controller decided, and why")
  .addOption(outputOption())
  .option("-w, --watch", "go on with those that come")
  .addHelpText("after", "\nExamples:\n  ./dbaas events\n  ./dbaas events -w\n  ./dbaas events -o json")
  .action((options: ShowOptions) => showSubject("events", options));

const surroundings: Surroundings = {
  withView,
  input: readInput,
  out: (written) => screen.print(written),
  tell: (told) => errors.print(told),
};
manifestCommands(program, surroundings);
keptManifestCommands(program, surroundings);

acceptLossCommand(program, { withView, api, out: (told) => screen.print(told) });

waitCommand(program, openWatched, (told) => screen.print(told));

const service = new Service(address);
dataCommands(program, service, env.DBAAS_HOST || undefined);
sqlCommand(program, service);

if (env.DBAAS_ENDS_WITH_INPUT === "1") endWithInput(closeViews, Number(env.DBAAS_INPUT_BYTES || 0));

// commander ends by an error of its own after help and after wrong usage; it has printed what there is to say.
program.parseAsync().then(
  () => endWith(exitCodes.ok),
  async (error: unknown) => {
    if (error instanceof CommanderError)
      return endWith(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage);
    if (messageOf(error) !== "") await errors.print(`dbaas: ${visibleLines(messageOf(error))}\n`);
    return endWith(error instanceof CliError ? error.exitCode : exitCodes.failed);
  },
);
