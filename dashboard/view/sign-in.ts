// Where the operator gives the page a token.
import { keepToken } from "../feed/token.ts";
import { Dialog } from "./dialog.ts";
import { must } from "./elements.ts";

export class SignIn {
  readonly #dialog = new Dialog("sign-in");

  /** @param onToken called when there is another token */
  constructor(onToken: () => void) {
    const token = must("token", HTMLInputElement);
    must("sign-in-open", HTMLButtonElement).addEventListener("click", () => this.open());
    must("sign-in-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.#dialog.close("signed in");
      keepToken(token.value.trim());
      token.value = "";
      onToken();
    });
  }

  open(): void {
    this.#dialog.open();
  }
}
