// Which worker containers ended, and how: by the engine's events, since a container that ended is soon gone.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { cluster, environment } from "../../tools/cluster/settings.ts";

interface EngineEvent {
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

/** From its making until `stop`. */
export class Deaths {
  readonly #events: ChildProcess;
  readonly #killed = new Set<string>();
  readonly #seen: { readonly id: string; readonly what: string; readonly inOrder: boolean }[] = [];

  constructor() {
    const filters = ["type=container", `label=dbaas.cluster=${cluster}`, "event=die", "event=oom"];
    const since = String(Math.floor(Date.now() / 1_000));
    const shown = ["--since", since, "--format", "{{json .}}"];
    this.#events = spawn("docker", ["events", ...shown, ...filters.flatMap((one) => ["--filter", one])], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (this.#events.stdout !== null)
      createInterface({ input: this.#events.stdout }).on("line", (line) => this.#see(line));
  }

  #see(line: string): void {
    const { Action, Actor } = JSON.parse(line) as EngineEvent;
    const { name, exitCode } = Actor.Attributes;
    const what = `${name}: ${Action} ${exitCode ?? ""}`.trim();
    this.#seen.push({ id: Actor.ID, what, inOrder: Action === "die" && exitCode === "0" });
  }

  /** These are about to be killed by the test. */
  expect(...workers: readonly { readonly id: string }[]): void {
    for (const { id } of workers) this.#killed.add(id);
  }

  /** Of those that the test did not kill, and that did not leave in order. */
  get unexpected(): readonly string[] {
    return this.#seen.filter(({ id, inOrder }) => !inOrder && !this.#killed.has(id)).map(({ what }) => what);
  }

  stop(): void {
    this.#events.kill();
  }
}
