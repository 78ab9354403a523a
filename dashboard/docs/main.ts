// The page at /docs is complete as it comes. This adds to each route that it can be tried from here.
import { keepToken } from "../feed/token.ts";
import { must } from "../view/elements.ts";
import { applyStoredTheme } from "../view/theme.ts";
import { tryPart } from "./try-part.ts";

applyStoredTheme();
const token = must("token", HTMLInputElement);
token.addEventListener("change", () => keepToken(token.value.trim()));
must("token-field", HTMLElement).hidden = false;

for (const article of document.querySelectorAll<HTMLElement>("article[data-path]")) {
  const { path = "", method = "" } = article.dataset;
  const examples = [...article.querySelectorAll(".example pre")].map((pre) => pre.textContent ?? "");
  article.append(tryPart({ path, method, examples }));
}
