// The buttons that end a worker on purpose. Each says what it will do and to whom, and asks before it does.

import type { WorkerStatus } from "../../core/state/status.ts";
import { type Command, send } from "../feed/commands.ts";
import { keepToken } from "../feed/token.ts";
import type { Model } from "../model/model.ts";
import { Dialog } from "./dialog.ts";
import { must, setText } from "./elements.ts";

interface Ask {
  readonly title: string;
  readonly confirm: string;
  readonly whom: (workers: readonly WorkerStatus[]) => WorkerStatus | undefined;
  readonly text: (target: string) => string;
  readonly done: (pid: number) => string;
}

const masterOf = (workers: readonly WorkerStatus[]) => workers.find(({ state }) => state === "master");

const highestPid = (workers: readonly WorkerStatus[]) =>
  workers
    .filter(({ state }) => state !== "master" && state !== "dead" && state !== "unknown")
    .reduce<WorkerStatus | undefined>(
      (best, one) => ((one.pid ?? 0) > (best?.pid ?? -1) ? one : best),
      undefined,
    );

const asks: Readonly<Record<Command, Ask>> = {
  crashMaster: {
    title: "Kill the master?",
    confirm: "Kill it",
    whom: masterOf,
    text: (target) =>
      `${target} is killed at once, without a chance to say goodbye. The slave with the lowest pid takes over, and a new worker is started in its place. Acknowledged writes are not lost.`,
    done: (pid) => `Killed the master, pid ${pid}.`,
  },
  crashSlave: {
    title: "Kill a slave?",
    confirm: "Kill it",
    whom: highestPid,
    text: (target) =>
      `${target}, the slave with the highest pid, is killed at once. What it was answering is answered by another one, and a new slave is started in its place.`,
    done: (pid) => `Killed the slave with pid ${pid}.`,
  },
  switchover: {
    title: "Hand over the mastership?",
    confirm: "Hand over",
    whom: masterOf,
    text: (target) =>
      `${target} finishes what it has begun and leaves; the slave with the lowest pid leads from then on. For planned work on the master.`,
    done: (pid) => `The master with pid ${pid} was asked to step down.`,
  },
};

export class Actions {
  readonly #dialog = new Dialog("confirm", (answer) => {
    if (answer === "yes" && this.#command !== null) void this.#carryOut(this.#command);
  });
  readonly #signInDialog = new Dialog("sign-in");
  readonly #title = must("confirm-title", HTMLElement);
  readonly #text = must("confirm-text", HTMLElement);
  readonly #yes = must("confirm-yes", HTMLButtonElement);
  readonly #said = must("said", HTMLElement);
  readonly #onToken: () => void;
  #workers: readonly WorkerStatus[] = [];
  #command: Command | null = null;
  #hide: ReturnType<typeof setTimeout> | undefined;

  /** @param onToken called when the operator has given a token */
  constructor(onToken: () => void) {
    this.#onToken = onToken;
    for (const command of Object.keys(asks) as Command[])
      must(command, HTMLButtonElement).addEventListener("click", () => this.#ask(command));
    must("confirm-no", HTMLButtonElement).addEventListener("click", () => this.#dialog.close("no"));
    this.#yes.addEventListener("click", () => this.#dialog.close("yes"));
    this.#signIn();
  }

  show({ status }: Model): void {
    this.#workers = status?.workers ?? [];
  }

  #ask(command: Command): void {
    const { title, text, confirm, whom } = asks[command];
    const target = whom(this.#workers);
    this.#command = command;
    setText(this.#title, title);
    setText(
      this.#text,
      text(target === undefined ? "No such worker" : `${target.name} (pid ${target.pid ?? "unknown"})`),
    );
    setText(this.#yes, confirm);
    this.#dialog.open();
  }

  async #carryOut(command: Command): Promise<void> {
    this.#say("Asked the controller…", "busy");
    const outcome = await send(command);
    if (outcome.kind === "done") this.#say(asks[command].done(outcome.pid), "good");
    else if (outcome.kind === "failed") this.#say(`Not done: ${outcome.message}.`, "bad");
    else {
      this.#say("Not done: this needs the token of an admin.", "bad");
      this.#signInDialog.open();
    }
  }

  #say(text: string, mood: string): void {
    clearTimeout(this.#hide);
    setText(this.#said, text);
    this.#said.dataset.mood = mood;
    this.#hide = setTimeout(() => setText(this.#said, ""), 8_000);
  }

  #signIn(): void {
    const token = must("token", HTMLInputElement);
    must("sign-in-open", HTMLButtonElement).addEventListener("click", () => this.#signInDialog.open());
    must("sign-in-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.#signInDialog.close("signed in");
      keepToken(token.value.trim());
      token.value = "";
      this.#onToken();
    });
  }
}
