// Light, dark, or as the system says. The choice is this browser's own.
import { keptIn } from "../feed/kept.ts";
import { setAttribute, setText } from "./elements.ts";

const kept = keptIn(() => localStorage, "dbaas-theme");
const choices = ["system", "light", "dark"] as const;
type Choice = (typeof choices)[number];

const labels: Readonly<Record<Choice, string>> = { system: "Auto", light: "Light", dark: "Dark" };

function stored(): Choice {
  const value = kept.get();
  return choices.find((choice) => choice === value) ?? "system";
}

function apply(choice: Choice): void {
  if (choice === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
}

/** For pages without the button. */
export function prefersDark(): boolean {
  const choice = stored();
  return choice === "system" ? matchMedia("(prefers-color-scheme: dark)").matches : choice === "dark";
}

export function themeButton(button: HTMLButtonElement, label: Element): void {
  let choice = stored();
  const show = () => {
    apply(choice);
    setText(label, labels[choice]);
    setAttribute(button, "aria-label", `Colours: ${labels[choice]}. Change`);
  };
  button.addEventListener("click", () => {
    choice = choices[(choices.indexOf(choice) + 1) % choices.length] ?? "system";
    kept.set(choice);
    show();
  });
  show();
}
