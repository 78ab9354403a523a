// The commands that move data out of the cluster and into it.
import { type Command, Option } from "commander";
import { CliError, exitCodes } from "../exit.ts";
import { errors, screen, writeBytes } from "../streams.ts";
import type { ExportFormat } from "./export.ts";
import type { ImportFormat, ImportOptions } from "./import.ts";
import { Progress } from "./progress.ts";
import type { Service } from "./service.ts";

/** As `import.ts` and `export.ts` know them, which are loaded only for these commands. */
const importFormats: readonly ImportFormat[] = ["csv", "ndjson", "sql", "sqlite"];
const exportFormats: readonly ExportFormat[] = ["csv", "ndjson", "sql"];

const warn = (text: string): Promise<void> => errors.print(`dbaas: ${text}`);
const out = (text: string): Promise<void> => screen.print(text);

/** @param host that this program runs on; undefined where there is only one */
export function dataCommands(program: Command, service: Service, host: string | undefined): void {
  movingCommands(program, service);
  program
    .command("backup")
    .description(
      "write a copy of the whole database to the standard output; ./dbaas backup FILE puts it into a file",
    )
    .addHelpText("after", "\nExample:\n  ./dbaas backup monday.db")
    .action(() => backup(service));
  program
    .command("restore")
    .description("make the content of a backup that of the cluster")
    .argument("[file]", "a file that ./dbaas backup made")
    .option("--replace", "delete the data that is there first")
    .option("--abandon", "end a restore that was broken off; the cluster is empty then")
    .option(
      "--to-position <position>",
      "as it was at this place in the log, from the backup before it and the log",
    )
    .option("--to-moment <moment>", "as it was then, for instance 2026-11-27T10:00:00Z")
    .addHelpText(
      "after",
      "\nExamples:\n  ./dbaas restore monday.db\n  ./dbaas restore monday.db --replace\n  ./dbaas restore --to-moment 2026-11-27T10:00:00Z --replace",
    )
    .action((file: string | undefined, options: Omit<RestoreOptions, "host">) =>
      restoring(service, file, { ...options, host }),
    );
}

interface RestoreOptions {
  readonly replace?: true;
  readonly abandon?: true;
  readonly toPosition?: string;
  readonly toMoment?: string;
  readonly host: string | undefined;
}

async function restoring(service: Service, file: string | undefined, options: RestoreOptions): Promise<void> {
  const { abandon, restore } = await import("./restore.ts");
  const parts = { service, out, warn };
  const how = { replace: options.replace === true, host: options.host };
  if (options.abandon === true) return abandon(parts);
  if (options.toPosition !== undefined || options.toMoment !== undefined) {
    const { restoreTo, targetOf } = await import("./restore-to.ts");
    return restoreTo(parts, targetOf(options), file, how);
  }
  if (file === undefined)
    throw new CliError(exitCodes.usage, "restore takes a file, --to-position, --to-moment or --abandon");
  await restore(parts, file, how);
}

function movingCommands(program: Command, service: Service): void {
  program
    .command("import")
    .description(
      "rows of a file into the cluster: CSV and lines of JSON into a table, scripts of SQL, whole databases of SQLite",
    )
    .argument("[table]", "for csv and ndjson")
    .argument("[file]")
    .addOption(
      new Option("--format <format>", "where the file's name does not say it").choices([...importFormats]),
    )
    .option("--again", "also what was imported from this very file in the last hours")
    .addHelpText("after", "\nExamples:\n  ./dbaas import users users.csv\n  ./dbaas import old.db")
    .action(async (first: string | undefined, second: string | undefined, options: ImportOptions) => {
      const { importFile } = await import("./import.ts");
      const [table, file] = second === undefined ? [undefined, first] : [first, second];
      if (file === undefined)
        throw new CliError(exitCodes.usage, "import takes a file: import users users.csv");
      await importFile({ service, out, warn }, table, file, options);
    });
  program
    .command("export")
    .description("the rows of a table, or of all, to the standard output")
    .argument("[table]")
    .option("--all", "all tables, those that others refer to first")
    .addOption(
      new Option("--format <format>", "csv, ndjson or sql").choices([...exportFormats]).default("csv"),
    )
    .addHelpText(
      "after",
      "\nExamples:\n  ./dbaas export users > users.csv\n  ./dbaas export --all --format sql > all.sql",
    )
    .action(
      async (table: string | undefined, options: { readonly all?: true; readonly format: ExportFormat }) => {
        const { exportTables } = await import("./export.ts");
        if ((table === undefined) === (options.all === undefined))
          throw new CliError(exitCodes.usage, "export takes a table, or --all");
        await exportTables({ service, out }, table, options.format);
      },
    );
}

async function backup(service: Service): Promise<void> {
  const { bytes, position, body } = await service.backup();
  const progress = new Progress("backup", bytes, "bytes");
  let sent = 0;
  await service.said(async () => {
    for await (const chunk of body) {
      await writeBytes(chunk);
      sent += chunk.length;
      await progress.add(chunk.length);
    }
  });
  await progress.end();
  if (sent !== bytes) throw new CliError(exitCodes.failed, `only ${sent} of ${bytes} bytes came`);
  await errors.print(`A backup of ${bytes} bytes, as the database was at position ${position}.\n`);
}
