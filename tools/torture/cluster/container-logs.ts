// Keeps what every container of the cluster writes, also of those that are gone when a violation is found.
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { docker, lines } from "../../cluster/command.ts";
import { cluster } from "../../cluster/settings.ts";

export class ContainerLogs {
  readonly #folder: string;
  readonly #children = new Set<ChildProcess>();
  readonly #followed = new Map<string, number>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Every container that is there, and every one that starts from now on. */
  async follow(): Promise<void> {
    const events = this.#spawn(
      "events",
      "--filter",
      "event=start",
      "--format",
      "{{.Actor.Attributes.name}} {{.ID}}",
    );
    if (events.stdout !== null)
      createInterface({ input: events.stdout }).on("line", (line) => {
        const [name = "", id = ""] = line.split(" ");
        if (name.startsWith(`${cluster}-`)) this.#followOne(name, id);
      });
    const format = "{{.Names}} {{.ID}}";
    for (const line of lines(
      await docker("ps", "--no-trunc", "--filter", `name=^${cluster}-`, "--format", format),
    )) {
      const [name = "", id = ""] = line.split(" ");
      this.#followOne(name, id);
    }
  }

  /** A container that was restarted is followed on from where its last life ended. */
  #followOne(name: string, id: string): void {
    const life = (this.#followed.get(id) ?? 0) + 1;
    this.#followed.set(id, life);
    const file = createWriteStream(join(this.#folder, `${name}-${id.slice(0, 12)}.log`), { flags: "a" });
    const child = this.#spawn("logs", "--follow", "--timestamps", ...(life > 1 ? ["--since", "1s"] : []), id);
    child.stdout?.pipe(file, { end: false });
    child.stderr?.pipe(file, { end: false });
    child.on("close", () => file.end());
  }

  stop(): void {
    for (const child of this.#children) child.kill();
  }

  #spawn(...args: string[]): ChildProcess {
    const child = spawn("docker", args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#children.add(child);
    child.on("error", () => undefined);
    child.on("close", () => this.#children.delete(child));
    return child;
  }
}
