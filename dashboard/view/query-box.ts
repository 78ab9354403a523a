// Where SQL is written. What only reads is sent at once; what writes is asked about first, and sent under a key, so that sending it
// again after a lost answer is safe. Statements may hold secrets: earlier ones are kept by the open page alone.
import { type Database, type MayWrite, newKey } from "../feed/database.ts";
import { rowsShown } from "../model/cell.ts";
import { duration, plural } from "../model/format.ts";
import type { SqlAnswer, SqlResult } from "../model/sql-answer.ts";
import { outcomeText, type SqlOutcome } from "../model/sql-outcome.ts";
import { scriptOf, withStatement, writeBody } from "../model/statements.ts";
import type { Confirm } from "./confirm.ts";
import { el, must, setAttribute, setText } from "./elements.ts";
import { grid } from "./grid.ts";
import type { SignIn } from "./sign-in.ts";

const rowsMax = 500;

interface Write {
  readonly statements: readonly string[];
  readonly key: string;
}

interface QueryPorts {
  readonly database: Database;
  readonly confirm: Confirm;
  readonly signIn: SignIn;
  readonly onWritten: () => void;
}

export class QueryBox {
  readonly #ports: QueryPorts;
  readonly #text = must("query", HTMLTextAreaElement);
  readonly #run = must("query-run", HTMLButtonElement);
  readonly #stop = must("query-stop", HTMLButtonElement);
  readonly #again = must("query-again", HTMLButtonElement);
  readonly #earlier = must("query-earlier", HTMLSelectElement);
  readonly #role = must("query-role", HTMLElement);
  readonly #otherToken = must("query-token", HTMLButtonElement);
  readonly #said = must("query-said", HTMLElement);
  readonly #place = must("query-place", HTMLElement);
  #history: readonly string[] = [];
  #running: AbortController | null = null;
  /** A write whose answer was lost. */
  #lost: Write | null = null;
  #mayWrite: MayWrite | null = null;
  #isOpen = false;

  constructor(ports: QueryPorts) {
    this.#ports = ports;
    must("query-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    this.#text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      void this.#submit();
    });
    this.#stop.addEventListener("click", () => this.#running?.abort());
    this.#again.addEventListener("click", () => {
      if (this.#lost !== null) void this.#sendWrite(this.#lost);
    });
    this.#otherToken.addEventListener("click", () => ports.signIn.open());
    this.#earlier.addEventListener("change", () => {
      const text = this.#history[this.#earlier.selectedIndex - 1];
      this.#earlier.selectedIndex = 0;
      if (text === undefined) return;
      this.#text.value = text;
      this.#text.focus();
    });
  }

  /** Also when there is another token: it may do other things. */
  async open(left: AbortSignal): Promise<void> {
    this.#isOpen = true;
    this.#mayWrite = null;
    const mayWrite = await this.#ports.database.mayWrite(left);
    if (!left.aborted) this.#showRole(mayWrite);
  }

  close(): void {
    this.#isOpen = false;
    this.#running?.abort();
  }

  #showRole(mayWrite: MayWrite): void {
    this.#mayWrite = mayWrite;
    this.#otherToken.hidden = mayWrite.may;
    setText(
      this.#role,
      mayWrite.may ? "" : `${mayWrite.role === null ? "This token" : `Role ${mayWrite.role}`}: reads only`,
    );
  }

  async #submit(): Promise<void> {
    if (this.#running !== null) return;
    const text = this.#text.value.trim();
    const script = scriptOf(text);
    if (script.kind === "empty") {
      this.#say("Nothing to run.", "bad");
      return;
    }
    this.#remember(text);
    if (script.kind === "write") await this.#askToWrite(script.statements);
    else await this.#read(script.sql);
  }

  async #read(sql: string): Promise<void> {
    const outcome = await this.#during((left) => this.#ports.database.read({ sql }, left));
    const writes = outcome.kind === "failed" && /belongs to db\/write$/.test(outcome.error.message);
    if (writes) await this.#askToWrite([sql]);
    else this.#show(outcome, null);
  }

  async #askToWrite(statements: readonly string[]): Promise<void> {
    this.#place.replaceChildren();
    if (this.#mayWrite?.may === false) {
      const { role } = this.#mayWrite;
      const whose = role === null ? "this token has not" : `this token has the role ${role}`;
      this.#say(`Not sent: writing needs the role writer; ${whose}.`, "bad");
      return;
    }
    const several = statements.length > 1;
    const isMeant = await this.#ports.confirm.ask({
      title: several ? `Carry out ${statements.length} statements?` : "Carry out this statement?",
      text: several
        ? "Together they are one write: all of them, or nothing. There is no way back but another write."
        : "It writes. There is no way back but another write.",
      yes: "Carry it out",
      code: statements.join(";\n"),
    });
    if (isMeant && this.#isOpen) await this.#sendWrite({ statements, key: newKey() });
    else this.#say("Not sent.", "quiet");
  }

  async #sendWrite(write: Write): Promise<void> {
    if (this.#running !== null) return;
    const body = writeBody(write.statements);
    const outcome = await this.#during((left) => this.#ports.database.write(body, write.key, left));
    if (outcome.kind === "refused") this.#showRefusal(outcome.message);
    this.#show(outcome, write);
    if (outcome.kind === "answered") this.#ports.onWritten();
  }

  #showRefusal(message: string): void {
    const role = /the role (\w+)$/.exec(message)?.[1];
    if (role === "reader") this.#showRole({ may: false, role });
    else this.#otherToken.hidden = false;
  }

  async #during(request: (left: AbortSignal) => Promise<SqlOutcome>): Promise<SqlOutcome> {
    const running = new AbortController();
    this.#running = running;
    this.#setRunning(true);
    this.#say("Running…", "quiet");
    try {
      return await request(running.signal);
    } finally {
      this.#running = null;
      this.#setRunning(false);
    }
  }

  #setRunning(isRunning: boolean): void {
    // Not disabled: the focus would be lost.
    setAttribute(this.#run, "aria-disabled", isRunning ? "true" : null);
    this.#stop.hidden = !isRunning;
    if (isRunning) this.#again.hidden = true;
  }

  #show(outcome: SqlOutcome, write: Write | null): void {
    this.#lost = outcome.kind === "unknown" ? write : null;
    this.#again.hidden = this.#lost === null;
    if (outcome.kind === "answered") {
      this.#showAnswer(outcome.answer, outcome.tookMs);
      return;
    }
    this.#place.replaceChildren();
    const fate =
      this.#lost === null
        ? ""
        : " Whether it was carried out is not known. Sent again, it is carried out once in any case.";
    this.#say(outcomeText(outcome) + fate, "bad");
  }

  #showAnswer({ results, rowsAffected }: SqlAnswer, tookMs: number): void {
    const [only, ...others] = results;
    const facts = [
      ...(rowsAffected === null ? [] : [`${rowsAffected} ${rowsAffected === "1" ? "row" : "rows"} affected`]),
      ...(only !== undefined && others.length === 0 ? factsOf(only) : [plural(results.length, "statement")]),
      duration(tookMs),
    ];
    this.#say(facts.join(" · "), "good");
    this.#place.replaceChildren(...results.flatMap((result, i) => this.#gridOf(result, i, results.length)));
  }

  #gridOf(result: SqlResult, place: number, all: number): readonly Node[] {
    const title = all === 1 ? "Result" : `Result of statement ${place + 1}`;
    if (result.columns.length === 0) return [];
    const shown = grid(title, { ...result, rows: result.rows.slice(0, rowsMax) });
    return all === 1 ? [shown] : [el("h3", {}, `${title} · ${factsOf(result).join(" · ")}`), shown];
  }

  #remember(text: string): void {
    this.#history = withStatement(this.#history, text);
    const options = this.#history.map((one) => el("option", {}, one.replaceAll(/\s+/g, " ").slice(0, 80)));
    this.#earlier.replaceChildren(el("option", {}, "Earlier statements"), ...options);
    this.#earlier.hidden = false;
  }

  #say(text: string, mood: string): void {
    setText(this.#said, text);
    this.#said.dataset.mood = mood;
  }
}

const factsOf = ({ columns, rows, lastInsertRowid }: SqlResult): readonly string[] => [
  ...(columns.length === 0 ? [] : [rowsShown(rows.length, rowsMax)]),
  ...(lastInsertRowid === null ? [] : [`last number ${lastInsertRowid}`]),
];
