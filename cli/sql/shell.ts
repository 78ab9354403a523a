// A line after the other -> statements and the shell's own commands. The same for a person at a terminal and for a script; what differs
// is what an error does.
import { readFile } from "node:fs/promises";
import { messageOf } from "../../core/errors.ts";
import { splitScript } from "../../core/sql/split-script.ts";
import { CliError, exitCodes } from "../exit.ts";
import { type Mode, modes, printed, type SqlResult } from "./format.ts";
import { onlyReads } from "./kind.ts";

export interface ShellPorts {
  readonly read: (sql: string) => Promise<SqlResult>;
  readonly write: (sql: string) => Promise<SqlResult>;
  /** Tables of users. */
  readonly tables: () => Promise<readonly { readonly name: string; readonly sql: string }[]>;
  readonly out: (text: string) => Promise<void>;
  readonly nowMs: () => number;
}

const help = `.help                  this
.tables                the tables there are
.schema [TABLE]        how they were made
.mode MODE             how answers are printed: table, json, yaml or csv
.timer on|off          how long each statement took
.read FILE             runs a script
.quit                  ends
A statement ends with a semicolon, and may have several lines.
`;

export class Shell {
  readonly #ports: ShellPorts;
  #mode: Mode;
  #timer = false;
  #buffer = "";
  isOver = false;

  constructor(ports: ShellPorts, mode: Mode) {
    this.#ports = ports;
    this.#mode = mode;
  }

  /** Whether a statement was begun and not ended. */
  get isInside(): boolean {
    return splitScript(this.#buffer).rest !== "";
  }

  forget(): void {
    this.#buffer = "";
  }

  /** @throws what the first statement that fails throws; those behind it on the line are dropped */
  async line(line: string): Promise<void> {
    if (this.#buffer.trim() === "" && line.trim().startsWith(".")) return this.#command(line.trim());
    const text = `${this.#buffer}${line}\n`;
    // Only what may end a statement is worth looking at: a script has long ones.
    if (!line.includes(";")) {
      this.#buffer = text;
      return;
    }
    const { statements, rest } = splitScript(text);
    this.#buffer = rest === "" ? "" : `${rest}\n`;
    for (const sql of statements) await this.run(sql);
  }

  /** What is left, though no semicolon ends it. */
  async end(): Promise<void> {
    const { statements, rest } = splitScript(this.#buffer);
    this.#buffer = "";
    for (const sql of rest === "" ? statements : [...statements, rest]) await this.run(sql);
  }

  async run(sql: string): Promise<void> {
    const { read, write, out, nowMs } = this.#ports;
    const startedAtMs = nowMs();
    const result = onlyReads(sql) ? await read(sql) : await write(sql);
    await out(printed(result, this.#mode));
    if (this.#timer) await out(`${Math.round(nowMs() - startedAtMs)} ms\n`);
  }

  async #command(line: string): Promise<void> {
    const [name = "", ...words] = line.split(/\s+/);
    const argument = words.join(" ");
    switch (name) {
      case ".help":
        return this.#ports.out(help);
      case ".quit":
      case ".exit":
        this.isOver = true;
        return;
      case ".tables":
        return this.#ports.out((await this.#ports.tables()).map((one) => `${one.name}\n`).join(""));
      case ".schema":
        return this.#schema(argument);
      case ".mode":
        this.#mode = this.#oneOf(modes, argument, ".mode");
        return;
      case ".timer":
        this.#timer = this.#oneOf(["on", "off"] as const, argument, ".timer") === "on";
        return;
      case ".read":
        return this.script(await readScript(argument));
      default:
        throw new CliError(exitCodes.usage, `there is no command ${name}; .help shows all`);
    }
  }

  #oneOf<T extends string>(choices: readonly T[], word: string, command: string): T {
    const found = choices.find((one) => one === word);
    if (found === undefined) throw new CliError(exitCodes.usage, `${command} takes ${choices.join(" or ")}`);
    return found;
  }

  async #schema(table: string): Promise<void> {
    const tables = await this.#ports.tables();
    const chosen = tables.filter(({ name }) => table === "" || name.toLowerCase() === table.toLowerCase());
    if (table !== "" && chosen.length === 0)
      throw new CliError(exitCodes.notFound, `there is no table ${table}`);
    await this.#ports.out(chosen.map(({ sql }) => `${sql};\n`).join(""));
  }

  /** All of it. @throws CliError that names the line at which the statement began that failed */
  async script(text: string): Promise<void> {
    let begins = 1;
    let number = 0;
    try {
      for (const line of text.split(/\r?\n/)) {
        number += 1;
        if (this.#buffer.trim() === "") begins = number;
        await this.line(line);
        if (this.isOver) return;
      }
      await this.end();
    } catch (error) {
      const code = error instanceof CliError ? error.exitCode : exitCodes.failed;
      throw new CliError(code, `line ${begins}: ${messageOf(error)}`);
    }
  }
}

async function readScript(path: string): Promise<string> {
  if (path === "") throw new CliError(exitCodes.usage, ".read takes a file");
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new CliError(exitCodes.notFound, `cannot read ${path}: ${messageOf(cause)}`);
  }
}
