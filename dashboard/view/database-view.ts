// The view of the data, beside that of the cluster: the tables, the rows of one, and a box for SQL. Nothing is asked for before it is
// opened, nothing repeatedly, and what is under way when it is left ends.
import { Database } from "../feed/database.ts";
import { hashOf, type Place } from "../model/place.ts";
import { outcomeText } from "../model/sql-outcome.ts";
import { type TableEntry, tablesIn, tablesQuery } from "../model/table-pages.ts";
import type { Confirm } from "./confirm.ts";
import { el, must, setAttribute, setText } from "./elements.ts";
import { QueryBox } from "./query-box.ts";
import { RowsCard } from "./rows-card.ts";
import type { SignIn } from "./sign-in.ts";

export class DatabaseView {
  readonly #database = new Database();
  readonly #list = must("tables", HTMLUListElement);
  readonly #note = must("tables-note", HTMLElement);
  readonly #rows = new RowsCard(this.#database);
  readonly #query: QueryBox;
  #tables: readonly TableEntry[] = [];
  #wanted: string | null = null;
  /** While it is open. */
  #open: AbortController | null = null;

  constructor(confirm: Confirm, signIn: SignIn) {
    this.#query = new QueryBox({
      database: this.#database,
      confirm,
      signIn,
      onWritten: () => void this.#load(),
    });
    must("tables-again", HTMLButtonElement).addEventListener("click", () => void this.#load());
  }

  show(place: Place): void {
    if (place.view !== "data") {
      this.#leave();
      return;
    }
    const isNew = this.#open === null;
    this.#open ??= new AbortController();
    const changed = this.#wanted !== place.table;
    this.#wanted = place.table;
    if (isNew) this.#begin();
    else if (changed) this.#openTable();
  }

  /** There is another token. */
  retry(): void {
    if (this.#open !== null) this.#begin();
  }

  #begin(): void {
    void this.#load();
    if (this.#open !== null) void this.#query.open(this.#open.signal);
  }

  #leave(): void {
    this.#open?.abort();
    this.#open = null;
    this.#query.close();
    this.#rows.close();
  }

  async #load(): Promise<void> {
    const left = this.#open?.signal;
    if (left === undefined) return;
    if (this.#tables.length === 0) setText(this.#note, "Reading…");
    const outcome = await this.#database.read(tablesQuery, left);
    if (left.aborted) return;
    const answer = outcome.kind === "answered" ? outcome.answer.results[0] : undefined;
    if (answer !== undefined) this.#tables = tablesIn(answer);
    setText(
      this.#note,
      answer === undefined ? outcomeText(outcome) : this.#tables.length === 0 ? "None." : "",
    );
    this.#openTable();
  }

  #openTable(): void {
    this.#list.replaceChildren(...this.#tables.map((table) => this.#link(table)));
    const table = this.#tables.find(({ name }) => name === this.#wanted) ?? null;
    this.#rows.open(table);
    if (this.#wanted !== null && table === null && this.#tables.length > 0)
      setText(this.#note, `There is no table ${this.#wanted}.`);
  }

  #link({ name, type }: TableEntry): HTMLLIElement {
    const link = el("a", { href: hashOf(name) }, name);
    if (type !== "table") link.append(el("span", { class: "column-type" }, type));
    setAttribute(link, "aria-current", name === this.#wanted ? "true" : null);
    return el("li", {}, link);
  }
}
