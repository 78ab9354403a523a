// The question before what cannot be taken back. There is one dialog for it: a second question is a no to the first.
import { Dialog } from "./dialog.ts";
import { must, setText } from "./elements.ts";

export interface Question {
  readonly title: string;
  readonly text: string;
  /** What the button says that does it. */
  readonly yes: string;
  /** Shown as it is, below the text. */
  readonly code?: string;
}

export class Confirm {
  readonly #dialog = new Dialog("confirm", (answer) => this.#answered(answer === "yes"));
  readonly #title = must("confirm-title", HTMLElement);
  readonly #text = must("confirm-text", HTMLElement);
  readonly #code = must("confirm-code", HTMLElement);
  readonly #yes = must("confirm-yes", HTMLButtonElement);
  #answered: (isMeant: boolean) => void = () => undefined;

  constructor() {
    must("confirm-no", HTMLButtonElement).addEventListener("click", () => this.#dialog.close("no"));
    this.#yes.addEventListener("click", () => this.#dialog.close("yes"));
  }

  ask({ title, text, yes, code }: Question): Promise<boolean> {
    this.#answered(false);
    setText(this.#title, title);
    setText(this.#text, text);
    setText(this.#yes, yes);
    setText(this.#code, code ?? "");
    this.#code.hidden = code === undefined;
    const answer = new Promise<boolean>((resolve) => {
      this.#answered = resolve;
    });
    this.#dialog.open();
    return answer;
  }
}
