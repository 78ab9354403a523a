// What scheduled backups are tested with: a real copy, a real folder, and a broker and ZooKeeper in memory.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type BackupFolder, systemBackupFolder } from "../../../../api/backups/folder.ts";
import { BackupKeeper, type KeeperPorts } from "../../../../api/backups/keeper.ts";
import { BackupTurn } from "../../../../api/cluster/backup.ts";
import { Restoring } from "../../../../api/cluster/restoring.ts";
import { CurrentZnodes } from "../../../../api/cluster/znodes.ts";
import { type BackupsNode, fromJson, pathsOf, toJson } from "../../../../core/state/znodes.ts";
import { systemClock } from "../../../../platform/process/clock.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { donateSnapshots } from "../../../../worker/copy/snapshot.ts";
import type { Store } from "../../../../worker/copy/store.ts";
import { systemDisk } from "../../../../worker/system-disk.ts";
import { quickFolder } from "../../../support/quick-folder.ts";
import { openCopy } from "../../worker/copies.ts";
import { FakeQueues } from "../fake-queues.ts";
import { FakeZnodes } from "../fake-znodes.ts";

const log = createLog({ program: "api", format: "json", level: "silent" });
export const paths = pathsOf("demo");
export const startMs = Date.parse("2026-11-27T10:00:00Z");
export const hourMs = 3_600_000;
const donor = { name: "w-2", guid: "g", state: "slave", position: 7, epoch: 1 };

interface World {
  readonly store: Store;
  readonly directory: string;
  readonly znodes: FakeZnodes;
  readonly restoring: Restoring;
  readonly turn: BackupTurn;
  /** The wall's clock. */
  readonly time: { ms: number };
  readonly spec: { backup: KeeperPorts["spec"]["backup"] };
  /** The keeper's session ends, and one on that host goes on, with a folder of its own. @returns the folder */
  takenOverBy(host: string): Promise<string>;
  /** Lets it look again. */
  look(): Promise<void>;
  told(): Promise<BackupsNode | null>;
  files(): readonly string[];
}

/** Each host's folder, made when it is first asked for. */
function foldersIn(t: TestContext): (host: string | undefined) => string {
  const made = new Map<string | undefined, string>();
  return (host) => {
    const folder = made.get(host) ?? mkdtempSync(join(quickFolder(), "backups-"));
    if (!made.has(host)) t.after(() => rmSync(folder, { recursive: true }));
    made.set(host, folder);
    return folder;
  };
}

/** A broker by which that copy is given. */
async function queuesOf(store: Store): Promise<FakeQueues> {
  const queues = new FakeQueues();
  await donateSnapshots(
    { rabbit: queues.connection, clock: systemClock, disk: systemDisk },
    donor.guid,
    () => store,
    log,
  );
  return queues;
}

/** @returns what ends it */
function begun(ports: KeeperPorts, znodes: FakeZnodes): () => Promise<void> {
  const scope = new AbortController();
  const watching = new BackupKeeper(ports).watch({ znodes: znodes as never, scope: scope.signal });
  return async () => {
    scope.abort("over");
    await watching;
  };
}

const scheduleInto = (directory: string): World["spec"] => ({
  backup: { everyMs: hourMs, keep: 2, directory },
});

/** @param host of the first keeper; undefined where there is only one */
export async function world(
  t: TestContext,
  folder: Partial<BackupFolder> = {},
  host?: string,
): Promise<World> {
  const store = await openCopy(t);
  await store.writer.exec("CREATE TABLE kept (n INTEGER PRIMARY KEY)");
  const folderOf = foldersIn(t);
  const directory = folderOf(host);
  const queues = await queuesOf(store);
  const [znodes, current, time] = [new FakeZnodes(), new CurrentZnodes(), { ms: startMs }];
  await znodes.put(paths.worker("w-2"), toJson(donor));
  current.set(znodes);
  const [restoring, turn, spec] = [new Restoring(paths), new BackupTurn(), scheduleInto(directory)];
  const ports = {
    cluster: "demo",
    znodes: current,
    paths,
    broker: { connection: queues.connection },
    clock: { ...systemClock, wallMs: () => time.ms },
    log,
    folder: { ...systemBackupFolder, ...folder },
    restoring,
    turn,
  };
  let end = begun({ ...ports, id: "api-1", host, spec }, znodes);
  t.after(() => end());
  const takenOverBy = async (another: string): Promise<string> => {
    await end();
    await znodes.remove(paths.backupLock);
    const its = folderOf(another);
    end = begun({ ...ports, id: `api-of-${another}`, host: another, spec: scheduleInto(its) }, znodes);
    return its;
  };
  return {
    store,
    directory,
    znodes,
    restoring,
    turn,
    time,
    spec,
    takenOverBy,
    look: () => znodes.put(paths.spec, ""),
    told: async () => fromJson<BackupsNode>((await znodes.get(paths.backups))?.data ?? "null"),
    files: () => readdirSync(directory).sort(),
  };
}

export const until = async (holds: () => Promise<boolean>): Promise<void> => {
  for (;;) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

/** How many good ones there were so far, by the moment of the last. */
export const lastAt = (w: World, ms: number) => until(async () => (await w.told())?.lastGood?.atMs === ms);
