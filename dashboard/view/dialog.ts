// A dialog of the page. Browsers without <dialog> show its content as a part of the page, for as long as it is open.
import { must } from "./elements.ts";

export class Dialog {
  readonly #element: HTMLElement;
  readonly #onClose: (answer: string) => void;

  /** @param onClose with what it was closed by; an empty text when it was left */
  constructor(id: string, onClose: (answer: string) => void = () => undefined) {
    this.#element = must(id, HTMLElement);
    this.#onClose = onClose;
    this.#element.addEventListener("close", () => onClose(this.#native()?.returnValue ?? ""));
  }

  open(): void {
    const dialog = this.#native();
    if (dialog === null) {
      this.#element.setAttribute("open", "");
      this.#element.scrollIntoView();
      this.#element.querySelector<HTMLElement>("[autofocus], input")?.focus();
      return;
    }
    dialog.returnValue = "";
    if (!dialog.open) dialog.showModal();
  }

  close(answer: string): void {
    const dialog = this.#native();
    if (dialog !== null) dialog.close(answer);
    else {
      this.#element.removeAttribute("open");
      this.#onClose(answer);
    }
  }

  #native(): HTMLDialogElement | null {
    return typeof HTMLDialogElement === "function" && this.#element instanceof HTMLDialogElement
      ? this.#element
      : null;
  }
}
