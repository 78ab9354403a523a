// Three hosts on one machine, for tests and torture: switched on and off, cut off, frozen and slowed down, each with an engine of its
// own, and what runs on them reached from outside. hosts.sh does the work; this file says what there is to do.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
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
  /** What `./dbaas` is told on every host besides. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A port of this machine's loopback, for as long as it is not closed. */
export interface Reached {
  readonly port: number;
  readonly close: () => void;
}

export class Hosts {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #folder: string;
  readonly #name: string;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #relays = new Set<() => void>();

  constructor({ name, network, settings = {} }: HostsOptions) {
    this.#name = name;
    this.#settings = settings;
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
    for (const [, key, value] of stdout.matchAll(/^(\w+)=(.+)$/gm))
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
  /** Of one that is off: what is switched on next is another machine in its place, with an empty disk. */
  renew = (host: number): Promise<string> => this.#do("renew", host);
  cutLink = (host: number): Promise<string> => this.#do("cut", host);
  joinLink = (host: number): Promise<string> => this.#do("join", host);
  /** Neither hears the other any more, and both hear all others. */
  part = (one: number, other: number): Promise<string> => this.#do("part", one, other);
  rejoin = (one: number, other: number): Promise<string> => this.#do("rejoin", one, other);
  /** All processes, the engine's included. */
  freezeAll = (host: number): Promise<string> => this.#do("freeze", host);
  thawAll = (host: number): Promise<string> => this.#do("thaw", host);
  /** Everything to this host comes so much later; 0 ends that. */
  slow = (host: number, ms: number): Promise<string> => this.#do("slow", host, ms);
  /** Not more than so much to this host; 0 ends that. */
  narrow = (host: number, kilobitPerSecond: number): Promise<string> =>
    this.#do("narrow", host, kilobitPerSecond);
  /** Not every kernel can be slow. */
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
    this.run(host, "env", ...this.#variables(), "bash", "-c", 'cd /dbaas && ./dbaas "$@"', "dbaas", ...args);

  addressOf = (host: number): string => `${this.#environment.HOSTS_NET}.${10 + host}`;

  /** The socket of that host's engine, as this machine reaches it until the host is switched off. */
  engineSocket = (host: number): Promise<string> => this.seenFromHere(host, "/run/docker.sock");

  /** A path of that host, as this machine reads it until the host is switched off, also while all its processes are frozen. */
  async seenFromHere(host: number, path: string): Promise<string> {
    const first = (await readFile(join(this.stateOf(host), "..", "pid"), "utf8")).trim();
    return `/proc/${first}/root${path}`;
  }

  /** @returns a port of this machine's loopback, by which that port of that host is reached from now on */
  async reach(host: number, port: number): Promise<number> {
    const to = { host: this.addressOf(host), port };
    return (await this.#relay([`--net=/run/netns/${this.#name}-client`], to)).port;
  }

  /**
   * @returns a port of this machine's loopback, by which that port of a container on that host is reached from now on, until the
   * container ends or `close` is called
   */
  async reachIn(host: number, container: string, port: number): Promise<Reached> {
    const pid = (await this.docker(host, "inspect", "--format", "{{.State.Pid}}", container)).trim();
    const first = (await readFile(join(this.stateOf(host), "..", "pid"), "utf8")).trim();
    const namespace = `/proc/${first}/root/proc/${pid}/ns/net`;
    return this.#relay([`--net=${namespace}`], { host: "127.0.0.1", port });
  }

  /** What `./dbaas` keeps on that host, as seen from this machine. */
  stateOf = (host: number): string => join(this.#folder, String(host), "state");

  /** On this machine, where signals take effect at once. Its first process. */
  async pidOf(host: number, containerId: string): Promise<number> {
    for (const version of ["/sys/fs/cgroup/freezer", "/sys/fs/cgroup"]) {
      const group = join(version, `${this.#name}-${host}`, containerId, "cgroup.procs");
      const pids = await readFile(group, "utf8").catch(() => "");
      const [first] = pids.split("\n").filter((line) => line !== "");
      if (first !== undefined) return Number(first);
    }
    throw new Error(`no process of ${containerId} on host ${host}`);
  }

  /** Runs a program of this machine in the network of the hosts, as a machine beside them. */
  get besideThem(): readonly string[] {
    return ["nsenter", `--net=/run/netns/${this.#name}-client`];
  }

  async down(): Promise<void> {
    for (const close of [...this.#relays]) close();
    await this.#do("down");
  }

  /** What `down` left, in words: nothing. */
  async leftovers(): Promise<readonly string[]> {
    return (await this.#do("leftovers")).split("\n").filter((line) => line !== "");
  }

  async #relay(namespace: readonly string[], to: Forward): Promise<Reached> {
    const relay = join(import.meta.dirname, "relay.ts");
    const child = spawn("nsenter", [...namespace, process.execPath, relay], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const listening = createServer().listen(0, "127.0.0.1");
    await once(listening, "listening");
    const address = listening.address();
    if (address === null || typeof address === "string") throw new Error("no port to listen on");
    child.send(to, listening);
    // Who listens here as well would take some of the connections.
    await once(child, "message");
    listening.close();
    const close = (): void => {
      child.kill();
      this.#relays.delete(close);
    };
    this.#relays.add(close);
    return { port: address.port, close };
  }

  #variables(): readonly string[] {
    const images = ["DBAAS_IMAGES", "DBAAS_IMAGE", "RABBITMQ_IMAGE", "ZOOKEEPER_IMAGE"].flatMap((name) => {
      const value = this.#environment[name];
      return value === undefined ? [] : [`${name}=${value}`];
    });
    return [...images, ...Object.entries(this.#settings).map(([name, value]) => `${name}=${value}`)];
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
