// `sql`: one statement, a script from the standard input, or a shell at a terminal.
import { type Command, Option } from "commander";
import type { Service } from "../data/service.ts";
import { readInput, screen } from "../streams.ts";
import { type Mode, modes } from "./format.ts";
import { Shell, type ShellPorts } from "./shell.ts";

interface SqlOptions {
  readonly output: Mode;
  readonly strong?: true;
}

export function sqlCommand(program: Command, service: Service): void {
  program
    .command("sql")
    .description("SQL: a shell at a terminal, one statement, or a script from the standard input")
    .argument("[statement...]", "one statement, or several with semicolons between them")
    .addOption(
      new Option("-o, --output <mode>", "how answers are printed").choices([...modes]).default("table"),
    )
    .option("--strong", "reads see every write that was acknowledged before, whoever wrote it")
    .addHelpText(
      "after",
      `
Examples:
  ./dbaas sql
  ./dbaas sql "SELECT created_by, count(*) FROM rides GROUP BY created_by" -o csv
  ./dbaas sql "INSERT INTO users (username, password) VALUES ('asha', '3d72')"
  ./dbaas sql --strong "SELECT count(*) FROM rides"
  ./dbaas sql < script.sql`,
    )
    .action(async (words: readonly string[], { output, strong }: SqlOptions) => {
      const shell = new Shell(portsOf(service, strong === true), output);
      if (words.length > 0) {
        await shell.line(words.join(" "));
        return shell.end();
      }
      if (!process.stdin.isTTY) return shell.script((await readInput()).toString("utf8"));
      const { atTerminal } = await import("./terminal.ts");
      await atTerminal(shell);
    });
}

const portsOf = (service: Service, strong: boolean): ShellPorts => ({
  read: (sql) => (strong ? service.query(sql) : service.ask(sql)),
  write: async (sql) => {
    const { columns = [], rows = [], ...answer } = await service.write({ sql, params: [] });
    const { rowsAffected, lastInsertRowid, position } = answer;
    return { columns, rows, change: { rowsAffected, lastInsertRowid, position } };
  },
  tables: () => service.tables(),
  out: (text) => screen.print(text),
  nowMs: () => performance.now(),
});
