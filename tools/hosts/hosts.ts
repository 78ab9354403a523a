// Three hosts on one machine, for tests and torture: switched on and off, cut off, paused and slowed down, each with an engine of its
// own, and what runs on them reached from outside. hosts.sh does the work; this file says what there is to do.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { rootDir } from "../cluster/settings.ts";
import type { Forward } from "./relay.ts";

const execute = promisify(execFile);

const outputBytesMax = 64 * 1024 * 1024;
const commandMs = 300_000;

export interface HostsOptions {
  /** Of all that is made: several sets live side by side, each in a network of its own. */
  readonly name: string;
  /** The first three numbers of every address. */
  readonly network: string;
}

export class Hosts {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #folder: string;
  readonly #name: string;
  readonly #relays: { readonly child: ChildProcess; readonly listening: Server }[] = [];

  constructor({ name, network }: HostsOptions) {
    this.#name = name;
    this.#folder = join(rootDir, ".dbaas", "hosts", name);
    this.#environment = {
      ...process.env,
      HOSTS_NAME: name,
      HOSTS_DIR: this.#folder,
      HOSTS_NET: network,
      HOSTS_SHARE: rootDir,
    };
  }

  /** What they start from is made once, by `./dbaas`: a root file system, and an engine's folder with the images. */
  async prepare(): Promise<void> {
    const { stdout } = await execute(join(rootDir, "dbaas"), ["__hosts"], { timeout: commandMs });
    for (const [, key, value] of stdout.matchAll(/^(HOSTS_\w+)=(.+)$/gm))
      if (key !== undefined) this.#environment[key] = value;
  }

  /** For hosts.sh, by hand. */
  variables = (): string =>
    Object.entries(this.#environment)
      .filter(([name]) => name.startsWith("HOSTS_"))
      .map(([name, value]) => `${name}=${value}`)
      .join(" ");

  up = (count: number): Promise<string> => this.#do("up", count);
  boot = (host: number): Promise<string> => this.#do("boot", host);
  /** Without a word: the link first, then every process at once. */
  powerOff = (host: number): Promise<string> => this.#do("off", host);
  cutLink = (host: number): Promise<string> => this.#do("cut", host);
  joinLink = (host: number): Promise<string> => this.#do("join", host);
  /** All processes, the engine's included. */
  pauseAll = (host: number): Promise<string> => this.#do("freeze", host);
  resumeAll = (host: number): Promise<string> => this.#do("thaw", host);
  /** Everything to this host comes so much later; 0 ends that. */
  slow = (host: number, ms: number): Promise<string> => this.#do("slow", host, ms);
  /** Not every kernel can do that. */
  canSlow = (): Promise<boolean> =>
    this.#do("can-slow").then(
      () => true,
      () => false,
    );
  /** @returns what it wrote. @throws when it exits with another code than 0, with what it wrote */
  run = (host: number, ...command: readonly string[]): Promise<string> => this.#do("in", host, ...command);
  docker = (host: number, ...args: readonly string[]): Promise<string> => this.run(host, "docker", ...args);

  /** `./dbaas` on that host. */
  dbaas = (host: number, ...args: readonly string[]): Promise<string> =>
    this.run(host, "env", ...this.#images(), "bash", "-c", 'cd /dbaas && ./dbaas "$@"', "dbaas", ...args);

  addressOf = (host: number): string => `${this.#environment.HOSTS_NET}.${10 + host}`;

  /** @returns a port of this machine's loopback, by which that port of that host is reached from now on */
  async reach(host: number, port: number): Promise<number> {
    return this.#relay([`--net=/run/netns/${this.#name}-client`], { host: this.addressOf(host), port });
  }

  async down(): Promise<void> {
    for (const { child, listening } of this.#relays.splice(0)) {
      child.kill();
      listening.close();
    }
    await this.#do("down");
  }

  /** What `down` left, in words: nothing. */
  async leftovers(): Promise<readonly string[]> {
    return (await this.#do("leftovers")).split("\n").filter((line) => line !== "");
  }

  async #relay(namespace: readonly string[], to: Forward): Promise<number> {
    const relay = join(import.meta.dirname, "relay.ts");
    const child = spawn("nsenter", [...namespace, process.execPath, relay], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const listening = createServer().listen(0, "127.0.0.1");
    await once(listening, "listening");
    const address = listening.address();
    if (address === null || typeof address === "string") throw new Error("no port to listen on");
    child.send(to, listening);
    this.#relays.push({ child, listening });
    return address.port;
  }

  #images(): readonly string[] {
    return ["DBAAS_IMAGES", "DBAAS_IMAGE"].flatMap((name) => {
      const value = this.#environment[name];
      return value === undefined ? [] : [`${name}=${value}`];
    });
  }

  async #do(...command: readonly (string | number)[]): Promise<string> {
    const script = join(import.meta.dirname, "hosts.sh");
    const args = command.map(String);
    try {
      const { stdout } = await execute(script, args, {
        env: this.#environment,
        timeout: commandMs,
        maxBuffer: outputBytesMax,
      });
      return stdout;
    } catch (error) {
      const {
        code,
        stdout = "",
        stderr = "",
      } = error as { code?: unknown; stdout?: string; stderr?: string };
      throw new Error(`${args.join(" ")} (${code}): ${stdout.slice(-2000)}${stderr.slice(-2000)}`);
    }
  }
}
