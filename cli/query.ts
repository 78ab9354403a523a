// `query`: reads and writes typed by a person. Sentences that look like SQL become bodies of the API; conditions travel as
// they are, for the API has a parser for them.
import { type Command, Option } from "commander";
import type { Api } from "./api.ts";
import { formats, type OutputFormat } from "./output.ts";
import { parseSentence } from "./sentence.ts";

export function queryCommand(
  program: Command,
  api: Api,
  print: (value: unknown, format: OutputFormat) => Promise<void>,
): void {
  program
    .command("query")
    .description("read or write data")
    .argument("<sentence...>", "select, insert, update or delete, or a JSON body")
    .addOption(new Option("-o, --output <format>", "how to print it").choices([...formats]).default("table"))
    .addHelpText(
      "after",
      `
Examples:
  ./dbaas query "select * from users"
  ./dbaas query "select ride_id, source from rides where created_by = 'asha' order by ride_id desc limit 5"
  ./dbaas query "select count(*) from rides"
  ./dbaas query "insert into users (username, password) values ('asha', '3d72...')"
  ./dbaas query "update rides set source = 7 where ride_id = 1"
  ./dbaas query "delete from users where username = 'asha'"
  ./dbaas query '{"table": "users", "columns": ["username"]}'`,
    )
    .action(async (words: readonly string[], { output }: { readonly output: OutputFormat }) => {
      await print(await api.query(parseSentence(words.join(" "))), output);
    });
}
