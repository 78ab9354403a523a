// One route's part for trying it: the request as it will be sent, and what came back.
import { authorization } from "../feed/token.ts";
import { indented } from "./indented.ts";

export interface Tried {
  readonly path: string;
  readonly method: string;
  readonly examples: readonly string[];
}

const shownMax = 100_000;
const answerWithinMs = 30_000;

export function tryPart({ path, method, examples }: Tried): HTMLElement {
  const place = document.createElement("details");
  place.className = "try";
  const title = document.createElement("summary");
  title.textContent = "Try it here";
  const form = document.createElement("form");
  const body = bodyField(examples);
  const send = document.createElement("button");
  send.textContent = `Send ${method} ${path}`;
  const answer = document.createElement("pre");
  answer.setAttribute("aria-live", "polite");
  answer.hidden = true;
  form.append(...(body === undefined ? [] : [body]), send);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (
      body === undefined &&
      method === "POST" &&
      !confirm(`${method} ${path} changes the service. Send it?`)
    )
      return;
    send.disabled = true;
    answer.textContent = await answerTo(method, path, body?.value);
    answer.hidden = false;
    send.disabled = false;
  });
  place.append(title, form, answer);
  return place;
}

function bodyField([first]: readonly string[]): HTMLTextAreaElement | undefined {
  if (first === undefined) return undefined;
  const field = document.createElement("textarea");
  field.setAttribute("aria-label", "Body");
  field.spellcheck = false;
  field.value = first;
  field.rows = Math.min(16, first.split("\n").length + 1);
  return field;
}

async function answerTo(method: string, path: string, body: string | undefined): Promise<string> {
  try {
    const response = await fetch(path, {
      method,
      headers: { ...authorization(), ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      signal: AbortSignal.timeout(answerWithinMs),
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    const headers = [...response.headers].map(([name, value]) => `${name}: ${value}\n`).join("");
    return `${response.status} ${response.statusText}\n${headers}\n${indented(text).slice(0, shownMax)}`;
  } catch {
    return "no answer";
  }
}
