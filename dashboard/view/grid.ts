// A result as a table in a box of its own, which scrolls. Built anew for every result; what the database holds becomes text.
import { type Cell, cellOf } from "../model/cell.ts";
import type { SqlTable, SqlValue } from "../model/sql-answer.ts";
import { el, setAttribute, setText } from "./elements.ts";

/** @param label for those who do not see what it belongs to */
export function grid(label: string, { columns, rows }: SqlTable): HTMLElement {
  const head = el(
    "tr",
    {},
    ...columns.map(({ name, type }, i) =>
      el(
        "th",
        { scope: "col", "data-kind": rows.find((row) => row[i]?.kind !== "null")?.[i]?.kind },
        name,
        ...(type === null ? [] : [el("span", { class: "column-type" }, type.toLowerCase())]),
      ),
    ),
  );
  const body = el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map(cell))));
  // What scrolls must be reachable by keyboard.
  return el(
    "section",
    { class: "table-place grid-place", tabindex: 0, "aria-label": label },
    el("table", { class: "grid" }, el("thead", {}, head), body),
  );
}

function cell(value: SqlValue): HTMLTableCellElement {
  const shown = cellOf(value);
  const element = el("td", { "data-kind": shown.kind });
  if (shown.kind === "null") element.append(el("i", { title: "no value" }, shown.text));
  else if (shown.text === "") element.append(el("i", { title: "a text without characters" }, "empty"));
  else if (shown.size === null) element.append(shown.text);
  else element.append(...cutText(shown, shown.size));
  return element;
}

function cutText({ text, whole }: Cell, size: string): readonly Node[] {
  const place = el("span", {}, text);
  const more = el("button", { type: "button", class: "button more", "aria-expanded": "false" });
  let isWhole = false;
  const show = () => {
    setText(place, isWhole ? whole() : text);
    setText(more, isWhole ? "Show less" : `Show all ${size}`);
    setAttribute(more, "aria-expanded", String(isWhole));
  };
  more.addEventListener("click", () => {
    isWhole = !isWhole;
    show();
  });
  show();
  return [place, more];
}
