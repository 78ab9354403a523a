// The shell at a terminal: lines with a history that outlasts it, in the user's folder for such things.
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline/promises";
import { messageOf } from "../../core/errors.ts";
import { visibleLines } from "../display.ts";
import { errors, screen } from "../streams.ts";
import type { Shell } from "./shell.ts";

const historyMax = 1_000;
const prompts = { first: "dbaas> ", next: "   ...> " } as const;

const historyFile = (): string =>
  join(process.env.XDG_STATE_HOME || join(homedir(), ".local", "state"), "dbaas", "sql_history");

/** The newest first. Without a file, or a place for one, there is none. */
async function readHistory(): Promise<string[]> {
  const text = await readFile(historyFile(), "utf8").catch(() => "");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .slice(-historyMax)
    .reverse();
}

async function remember(line: string): Promise<void> {
  const file = historyFile();
  await mkdir(dirname(file), { recursive: true, mode: 0o700 }).catch(() => undefined);
  await appendFile(file, `${line}\n`, { mode: 0o600 }).catch(() => undefined);
}

/** Until its user ends it. What fails is told, and the next line is taken. */
export async function atTerminal(shell: Shell): Promise<void> {
  const lines = createInterface({
    input: process.stdin,
    output: process.stdout,
    history: await readHistory(),
    historySize: historyMax,
    removeHistoryDuplicates: true,
    terminal: true,
  });
  await screen.print("SQL of Mini DBaaS. A statement ends with a semicolon; .help shows the commands.\n");
  lines.on("SIGINT", () => {
    shell.forget();
    process.stdout.write("\n");
    lines.setPrompt(prompts.first);
    lines.prompt();
  });
  lines.setPrompt(prompts.first);
  lines.prompt();
  for await (const line of lines) {
    if (line.trim() !== "") await remember(line);
    try {
      await shell.line(line);
    } catch (error) {
      shell.forget();
      await errors.print(`error: ${visibleLines(messageOf(error))}\n`);
    }
    if (shell.isOver) break;
    lines.setPrompt(shell.isInside ? prompts.next : prompts.first);
    lines.prompt();
  }
  lines.close();
}
