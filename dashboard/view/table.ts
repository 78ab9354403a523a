// A table of facts: one row for each thing, one column for each fact. On a narrow page the columns' titles stand in the cells.
import { el, Keyed, must, setAttribute, setText } from "./elements.ts";

export interface Column<Row> {
  readonly title: string;
  readonly of: (row: Row) => string;
}

interface TableOptions<Row> {
  readonly id: string;
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string;
  readonly stateOf: (row: Row) => string;
}

export class Table<Row> {
  readonly #rows: Keyed<Row, HTMLTableRowElement>;
  readonly #keyOf: (row: Row) => string;

  constructor({ id, columns, keyOf, stateOf }: TableOptions<Row>) {
    this.#keyOf = keyOf;
    const head = el("tr", {}, ...columns.map(({ title }) => el("th", { scope: "col" }, title)));
    const body = el("tbody");
    must(id, HTMLTableElement).append(el("thead", {}, head), body);
    this.#rows = new Keyed(body, {
      make: () =>
        el(
          "tr",
          {},
          ...columns.map(({ title }, i) =>
            el(i === 0 ? "th" : "td", { "data-title": title, ...(i === 0 ? { scope: "row" } : {}) }),
          ),
        ),
      update: (element, row) => {
        setAttribute(element, "data-state", stateOf(row));
        columns.forEach(({ of }, i) => {
          const cell = element.children[i];
          if (cell !== undefined) setText(cell, of(row));
        });
      },
    });
  }

  show(rows: readonly Row[]): void {
    this.#rows.show(rows, this.#keyOf);
  }
}
