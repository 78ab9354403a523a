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

interface World {
  readonly store: Store;
  readonly directory: string;
  readonly znodes: FakeZnodes;
  readonly restoring: Restoring;
  readonly turn: BackupTurn;
  /** The wall's clock. */
  readonly time: { ms: number };
  readonly spec: { backup: KeeperPorts["spec"]["backup"] };
  /** Lets it look again. */
  look(): Promise<void>;
  told(): Promise<BackupsNode | null>;
  files(): readonly string[];
}

export async function world(t: TestContext, folder: Partial<BackupFolder> = {}): Promise<World> {
  const store = await openCopy(t);
  await store.writer.exec("CREATE TABLE kept (n INTEGER PRIMARY KEY)");
  const directory = mkdtempSync(join(quickFolder(), "backups-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const queues = new FakeQueues();
  const donor = { name: "w-2", guid: "g", state: "slave", position: 7, epoch: 1 };
  await donateSnapshots(
    { rabbit: queues.connection, clock: systemClock, disk: systemDisk },
    donor.guid,
    () => store,
    log,
  );
  const [znodes, current, time] = [new FakeZnodes(), new CurrentZnodes(), { ms: startMs }];
  await znodes.put(paths.worker("w-2"), toJson(donor));
  current.set(znodes);
  const [restoring, turn] = [new Restoring(paths), new BackupTurn()];
  const spec: World["spec"] = { backup: { everyMs: hourMs, keep: 2, directory } };
  const keeper = new BackupKeeper({
    id: "api-1",
    cluster: "demo",
    znodes: current,
    paths,
    broker: { connection: queues.connection },
    clock: { ...systemClock, wallMs: () => time.ms },
    log,
    folder: { ...systemBackupFolder, ...folder },
    restoring,
    turn,
    spec,
  });
  const scope = new AbortController();
  const watching = keeper.watch({ znodes: znodes as never, scope: scope.signal });
  t.after(async () => {
    scope.abort("over");
    await watching;
  });
  return {
    store,
    directory,
    znodes,
    restoring,
    turn,
    time,
    spec,
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
