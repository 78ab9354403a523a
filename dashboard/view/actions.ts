// The buttons that end a worker on purpose. Each says what it will do and to whom, and asks before it does.

import type { WorkerStatus } from "../../core/state/status.ts";
import { type Command, send } from "../feed/commands.ts";
import type { Model } from "../model/model.ts";
import type { Confirm } from "./confirm.ts";
import { must, setText } from "./elements.ts";
import type { SignIn } from "./sign-in.ts";

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
  readonly #confirm: Confirm;
  readonly #signIn: SignIn;
  readonly #said = must("said", HTMLElement);
  #workers: readonly WorkerStatus[] = [];
  #hide: ReturnType<typeof setTimeout> | undefined;

  constructor(confirm: Confirm, signIn: SignIn) {
    this.#confirm = confirm;
    this.#signIn = signIn;
    for (const command of Object.keys(asks) as Command[])
      must(command, HTMLButtonElement).addEventListener("click", () => void this.#ask(command));
  }

  show({ status }: Model): void {
    this.#workers = status?.workers ?? [];
  }

  async #ask(command: Command): Promise<void> {
    const { title, text, confirm, whom } = asks[command];
    const target = whom(this.#workers);
    const name = target === undefined ? "No such worker" : `${target.name} (pid ${target.pid ?? "unknown"})`;
    if (await this.#confirm.ask({ title, text: text(name), yes: confirm })) await this.#carryOut(command);
  }

  async #carryOut(command: Command): Promise<void> {
    this.#say("Asked the controller…", "busy");
    const outcome = await send(command);
    if (outcome.kind === "done") this.#say(asks[command].done(outcome.pid), "good");
    else if (outcome.kind === "failed") this.#say(`Not done: ${outcome.message}.`, "bad");
    else {
      this.#say("Not done: this needs the token of an admin.", "bad");
      this.#signIn.open();
    }
  }

  #say(text: string, mood: string): void {
    clearTimeout(this.#hide);
    setText(this.#said, text);
    this.#said.dataset.mood = mood;
    this.#hide = setTimeout(() => setText(this.#said, ""), 8_000);
  }
}
