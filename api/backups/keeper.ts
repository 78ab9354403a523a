// Takes backups as often as the manifest says. Of several APIs the one that holds the lock does it, into the folder of its own host. What
// goes wrong is told and tried again; it ends nothing else.
import { join } from "node:path";
import { messageOf } from "../../core/errors.ts";
import type { BackupSpec } from "../../core/manifest/manifest.ts";
import { backupOf, listed, nextBackupInMs, noBackups, sorted } from "../../core/rules/backups.ts";
import {
  type BackupFile,
  type BackupsNode,
  type ClusterStatus,
  fromJson,
  toJson,
} from "../../core/state/znodes.ts";
import { Wakeable } from "../../platform/process/waiting.ts";
import type { ZnodeSession } from "../../platform/zookeeper/port.ts";
import type { BackupTurn } from "../cluster/backup.ts";
import type { Watched } from "../cluster/znodes.ts";
import { type TakePorts, takeBackup } from "./take.ts";

/** What it needs of ZooKeeper. */
type LockingZnodes = Pick<ZnodeSession, "create" | "get" | "put" | "remove" | "stat" | "watch">;
type Watching = Pick<Watched, "scope"> & { readonly znodes: LockingZnodes };

export interface KeeperPorts extends TakePorts {
  /** Of this API. */
  readonly id: string;
  /** That it runs on; undefined where there is only one. */
  readonly host: string | undefined;
  readonly turn: BackupTurn;
  /** Null until the controller has accepted a manifest. */
  readonly spec: { readonly backup: BackupSpec | null };
}

/** A change is also seen without its watch, and time passes. */
const lookAgainMs = 5_000;

export class BackupKeeper {
  readonly #ports: KeeperPorts;
  #holdsLock = false;
  /** Whether this host's folder was looked into since the lock was got. */
  #hasLooked = false;

  constructor(ports: KeeperPorts) {
    this.#ports = ports;
  }

  /** Until the scope ends. */
  async watch({ znodes, scope }: Watching): Promise<void> {
    const { paths, clock, log } = this.#ports;
    const changed = new Wakeable(clock);
    for (const path of [paths.spec, paths.backupLock, paths.restore])
      znodes.watch("node", path, () => changed.wake(), scope);
    this.#holdsLock = false;
    while (!scope.aborted) {
      const waitMs = await this.#step(znodes, scope).catch((error: unknown) => {
        if (!scope.aborted) log.warn({ reason: messageOf(error) }, "could not look after the backups");
        return lookAgainMs;
      });
      if (waitMs > 0) await changed.wait(Math.min(waitMs, lookAgainMs), scope);
    }
  }

  /** @returns after how many ms there may be something to do again */
  async #step(znodes: LockingZnodes, scope: AbortSignal): Promise<number> {
    const { spec, paths, clock, restoring, turn } = this.#ports;
    const { backup } = spec;
    if (backup === null || backup.everyMs === null) {
      await this.#letGo(znodes);
      return lookAgainMs;
    }
    if (!(await this.#hold(znodes))) return lookAgainMs;
    const before = await this.#known(znodes, backup);
    const waitMs = nextBackupInMs(before, backup.everyMs, clock.wallMs());
    if (waitMs > 0) return waitMs;
    // The half of a restore is nobody's data.
    if ((await restoring.look(znodes)) !== null) return lookAgainMs;
    const hosts = await this.#hosts(znodes);
    const end = turn.take();
    if (end === undefined) return lookAgainMs;
    const after = await this.#try(before, backup, hosts, scope).finally(end);
    if (after !== null) await znodes.put(paths.backups, toJson(after));
    return 1;
  }

  async #hold(znodes: LockingZnodes): Promise<boolean> {
    const { paths, id } = this.#ports;
    if (this.#holdsLock) return true;
    const made = await znodes.create(paths.backupLock, toJson({ id }), { ephemeral: true });
    // Of one that it made before it may not have heard.
    this.#holdsLock = made !== null || (await znodes.stat(paths.backupLock))?.mine === true;
    this.#hasLooked = false;
    return this.#holdsLock;
  }

  /** What is known of them, and of this host's folder what is there. */
  async #known(znodes: LockingZnodes, spec: BackupSpec): Promise<BackupsNode> {
    const { paths } = this.#ports;
    const content = await znodes.get(paths.backups);
    const told = { ...noBackups, ...(content === null ? null : fromJson<BackupsNode>(content.data)) };
    if (this.#hasLooked) return told;
    const known = await this.#looked(told, spec, await this.#hosts(znodes));
    if (known !== told) await znodes.put(paths.backups, toJson(known));
    this.#hasLooked = true;
    return known;
  }

  /** A host that takes over looks into its folder at once: it told of it long ago perhaps, and the next backup may be a day away. */
  async #looked(
    told: BackupsNode,
    { directory, keep }: BackupSpec,
    hosts: readonly string[],
  ): Promise<BackupsNode> {
    const { host, log } = this.#ports;
    const { lastGood } = told;
    // The first one lists all that there are.
    if (host === undefined || lastGood === null) return told;
    try {
      const files = listed(await this.#own(directory), told.files, { host, keep, lastGood, hosts });
      return { ...told, directory, files };
    } catch (error) {
      log.warn({ reason: messageOf(error) }, "could not look into the folder of the backups");
      return told;
    }
  }

  /** As the acting controller last saw them; none where it tells none. */
  async #hosts(znodes: LockingZnodes): Promise<readonly string[]> {
    const content = await znodes.get(this.#ports.paths.status);
    const status = content === null ? null : fromJson<Partial<ClusterStatus>>(content.data);
    return (status?.hosts ?? []).map(({ name }) => name);
  }

  async #letGo(znodes: LockingZnodes): Promise<void> {
    if (!this.#holdsLock) return;
    await znodes.remove(this.#ports.paths.backupLock);
    this.#holdsLock = false;
  }

  /** @returns null when it was given up with its session */
  async #try(
    before: BackupsNode,
    spec: BackupSpec,
    hosts: readonly string[],
    scope: AbortSignal,
  ): Promise<BackupsNode | null> {
    const { clock, log, host } = this.#ports;
    const { directory, keep } = spec;
    try {
      const lastGood = this.#here(await takeBackup(this.#ports, directory, scope));
      const own = await this.#tidied(lastGood, spec);
      const files = listed(own, before.files, { host, keep, lastGood, hosts });
      return { ...before, directory, files, lastGood, failure: null, failuresInARow: 0 };
    } catch (error) {
      if (scope.aborted) return null;
      const reason = messageOf(error);
      const failuresInARow = before.failuresInARow + 1;
      log.error({ reason, failuresInARow }, "could not take the scheduled backup");
      const failure = { atMs: clock.wallMs(), reason };
      return { ...before, failure, failures: before.failures + 1, failuresInARow };
    }
  }

  /** Removes what is beyond those that are kept. @returns what is left; a disk that does not do it takes nothing from the good one */
  async #tidied(good: BackupFile, { directory, keep }: BackupSpec): Promise<readonly BackupFile[]> {
    const { folder, log } = this.#ports;
    try {
      const { kept, superfluous, ofAnother } = sorted(await this.#own(directory), keep, good);
      for (const { name } of superfluous) await folder.remove(join(directory, name));
      if (superfluous.length > 0)
        log.info({ names: superfluous.map(({ name }) => name) }, "removed old backups");
      if (ofAnother.length > 0)
        log.warn(
          { names: ofAnother.map(({ name }) => name), position: good.position },
          "left backups of a higher position than the last one: data may have been lost since, and these still have it; who does not want them removes them by hand",
        );
      return kept;
    } catch (error) {
      log.warn({ reason: messageOf(error) }, "could not remove old backups");
      return [good];
    }
  }

  /** In this host's folder. */
  async #own(directory: string): Promise<readonly BackupFile[]> {
    const { cluster, folder } = this.#ports;
    const all = await folder.list(directory);
    return all.flatMap(({ name, bytes }) => {
      const found = backupOf(cluster, name);
      return found === null ? [] : [this.#here({ ...found, bytes })];
    });
  }

  #here(file: BackupFile): BackupFile {
    const { host } = this.#ports;
    return host === undefined ? file : { ...file, host };
  }
}
