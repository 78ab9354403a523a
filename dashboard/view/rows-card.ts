// A table's rows, page by page, with its columns and how it was made.
import type { Database } from "../feed/database.ts";
import { plural } from "../model/format.ts";
import type { SqlTable } from "../model/sql-answer.ts";
import { outcomeText, type SqlOutcome } from "../model/sql-outcome.ts";
import {
  countQuery,
  type Page,
  pageQuery,
  type RowKey,
  rowKeyOf,
  type ShownPage,
  shownPage,
  type TableEntry,
} from "../model/table-pages.ts";
import { must, setText } from "./elements.ts";
import { grid } from "./grid.ts";

/** Rows with large values do not fit into one answer: then fewer. */
const pageSizes = [50, 5, 1] as const;

const turns = ["first", "before", "after", "last"] as const;
type Turn = (typeof turns)[number];

interface Opened {
  readonly table: TableEntry;
  readonly key: RowKey;
  /** What is shown: by what it was asked for, and what came. */
  readonly asked: Page;
  readonly page: ShownPage | null;
}

export class RowsCard {
  readonly #database: Database;
  readonly #card = must("rows-card", HTMLElement);
  readonly #title = must("rows-title", HTMLElement);
  readonly #count = must("rows-count", HTMLElement);
  readonly #note = must("rows-note", HTMLElement);
  readonly #place = must("rows-place", HTMLElement);
  readonly #definition = must("rows-definition", HTMLElement);
  readonly #buttons: Readonly<Record<Turn, HTMLButtonElement>>;
  #opened: Opened | null = null;
  #turning = new AbortController();
  #counting = new AbortController();

  constructor(database: Database) {
    this.#database = database;
    const button = (turn: Turn) => must(`rows-${turn}`, HTMLButtonElement);
    this.#buttons = {
      first: button("first"),
      before: button("before"),
      after: button("after"),
      last: button("last"),
    };
    for (const turn of turns)
      this.#buttons[turn].addEventListener("click", () => void this.#turn(this.#pageOf(turn)));
    must("rows-again", HTMLButtonElement).addEventListener("click", () => this.#reload());
  }

  /** Null for none. The one that is open already keeps its page. */
  open(table: TableEntry | null): void {
    const before = this.#opened?.table;
    if (table === null || before?.name !== table.name || before.sql !== table.sql) this.#replace(table);
    this.#reload();
  }

  #replace(table: TableEntry | null): void {
    this.close();
    this.#card.hidden = table === null;
    this.#place.replaceChildren();
    if (table === null) return;
    this.#opened = { table, key: rowKeyOf(table), asked: { kind: "first" }, page: null };
    setText(this.#title, table.name);
    setText(this.#count, "");
    setText(this.#definition, table.sql);
    for (const turn of turns) this.#buttons[turn].disabled = true;
  }

  #reload(): void {
    if (this.#opened === null) return;
    void this.#turn(this.#opened.asked);
    void this.#showCount();
  }

  /** Whatever is under way ends. */
  close(): void {
    this.#turning.abort();
    this.#counting.abort();
    this.#opened = null;
  }

  #pageOf(turn: Turn): Page {
    const page = this.#opened?.page;
    if (turn === "first" || turn === "last" || page === null || page === undefined)
      return { kind: turn === "last" ? "last" : "first" };
    return turn === "after"
      ? { kind: "after", key: page.lastKey, offset: page.offset + page.rows.length }
      : { kind: "before", key: page.firstKey, offset: Math.max(0, page.offset - pageSizes[0]) };
  }

  async #turn(page: Page): Promise<void> {
    const opened = this.#opened;
    if (opened === null) return;
    this.#turning.abort();
    this.#turning = new AbortController();
    const { signal } = this.#turning;
    setText(this.#note, "Reading…");
    const { outcome, size } = await this.#read(opened, page, signal);
    if (signal.aborted) return;
    const answer = outcome.kind === "answered" ? outcome.answer.results[0] : undefined;
    if (answer === undefined) {
      setText(this.#note, outcomeText(outcome));
      return;
    }
    const shown = shownPage(answer, opened.key, page, size);
    // Less than a page before the rows: it began in the middle of the first one.
    const isBeginning = page.kind === "before" && !shown.hasBefore && opened.key.kind !== "none";
    if (isBeginning) {
      await this.#turn({ kind: "first" });
      return;
    }
    this.#opened = { ...opened, asked: page, page: shown };
    this.#show(opened.table, shown);
  }

  async #read({ table, key }: Opened, page: Page, signal: AbortSignal) {
    for (const size of pageSizes) {
      const outcome: SqlOutcome = await this.#database.read(pageQuery(table, key, page, size), signal);
      const tooLarge = outcome.kind === "failed" && outcome.error.code === "too_large";
      if (!tooLarge || size === pageSizes.at(-1)) return { outcome, size };
    }
    throw new Error("there are sizes of pages");
  }

  #show({ name }: TableEntry, page: ShownPage): void {
    const { hasBefore, hasAfter, rows } = page;
    // Focus stays: a button that ends is not taken from under it.
    const able: Readonly<Record<Turn, boolean>> = {
      first: hasBefore,
      before: hasBefore,
      after: hasAfter,
      last: hasAfter && this.#opened?.key.kind !== "none",
    };
    for (const turn of turns) this.#buttons[turn].disabled = !able[turn];
    setText(this.#note, rows.length === 0 ? "No rows." : `${plural(rows.length, "row")} on this page.`);
    this.#place.replaceChildren(grid(`Rows of ${name}`, page satisfies SqlTable));
  }

  /** A read of its own: of a large table it may take longer than it is allowed to. */
  async #showCount(): Promise<void> {
    const opened = this.#opened;
    if (opened === null) return;
    this.#counting.abort();
    this.#counting = new AbortController();
    const { signal } = this.#counting;
    const outcome = await this.#database.read(countQuery(opened.table), signal);
    if (signal.aborted || outcome.kind !== "answered") return;
    const value = outcome.answer.results[0]?.rows[0]?.[0];
    if (value?.kind === "integer")
      setText(
        this.#count,
        `${BigInt(value.text).toLocaleString("en")} ${value.text === "1" ? "row" : "rows"}`,
      );
  }
}
