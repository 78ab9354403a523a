// Keeps what every container on the hosts writes, and every engine. Their engines' folders are on this machine: a second link to a log keeps it when
// its container is removed, and costs nothing.
import { link, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hostNumbers, hosts } from "./testbed.ts";

const everyMs = 500;

/** @returns what ends it */
export function followLogs(folder: string): () => void {
  const stop = new AbortController();
  void follow(folder, stop.signal);
  return () => stop.abort();
}

async function follow(folder: string, stop: AbortSignal): Promise<void> {
  const kept = new Set<string>();
  while (!stop.aborted) {
    for (const host of hostNumbers) await keepEngineLog(host, folder).catch(() => undefined);
    for (const host of hostNumbers) await keepNew(host, folder, kept).catch(() => undefined);
    await sleep(everyMs);
  }
}

/** Fails once it is kept. */
const keepEngineLog = (host: number, folder: string): Promise<void> =>
  link(
    join(hosts.stateOf(host), "..", "upper", "var", "log", "dockerd.log"),
    join(folder, `host-${host}-dockerd.log`),
  );

async function keepNew(host: number, folder: string, kept: Set<string>): Promise<void> {
  const containers = join(hosts.stateOf(host), "..", "docker", "containers");
  for (const id of await readdir(containers)) {
    if (kept.has(id)) continue;
    const { Name } = JSON.parse(await readFile(join(containers, id, "config.v2.json"), "utf8")) as {
      readonly Name: string;
    };
    // A container that has not written yet has no log: the next look finds it.
    await link(
      join(containers, id, `${id}-json.log`),
      join(folder, `host-${host}${Name.replace("/", "-")}-${id.slice(0, 12)}.log`),
    );
    kept.add(id);
  }
}
