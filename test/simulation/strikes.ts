// What can happen to the simulated service.

/** What strikes one program, or the address that it stands on. */
type ProgramStrike =
  /** Killed from outside, or by the kernel for its memory. */
  | { readonly kind: "crash"; readonly outOfMemory: boolean }
  | { readonly kind: "pause"; readonly ms: number }
  | { readonly kind: "cutRabbit" | "cutZooKeeper" | "cutBoth"; readonly ms: number }
  | { readonly kind: "expireSession" }
  /** Its znodes are taken away, though it lives. */
  | { readonly kind: "forget" };

/** What strikes a worker's volume. */
export type VolumeStrike =
  /** Its worker is killed, and it is empty afterwards. */
  | { readonly kind: "loseVolume" }
  /** The copy is shorter than it was, and its worker is started again. */
  | { readonly kind: "damageVolume" }
  /** Everything takes long there: the copy falls behind. */
  | { readonly kind: "slowDisk"; readonly ms: number; readonly byMs: number }
  | { readonly kind: "fullDisk"; readonly ms: number };

export type BrokerStrike =
  /** All of them, or one of several. */
  | { readonly kind: "restartBroker"; readonly broker?: number }
  | { readonly kind: "brokerDown"; readonly ms: number; readonly broker?: number }
  | { readonly kind: "blockBroker"; readonly ms: number }
  | { readonly kind: "deleteLog" }
  /** Retention: so many records are left. */
  | { readonly kind: "trimLog"; readonly keep: number };

/** What strikes all of them, or is asked for. */
export type ClusterStrike =
  | { readonly kind: "zooKeeperDown"; readonly ms: number }
  /** Its data is gone: every node, every session, and the count of its transactions. */
  | { readonly kind: "emptyZooKeeper" }
  | { readonly kind: "engineDown"; readonly ms: number }
  | { readonly kind: "scale"; readonly slaves: number }
  /** The master is asked to let go of what it leads. */
  | { readonly kind: "switchover" }
  /** The same, and its client gives up waiting so long afterwards. */
  | { readonly kind: "withdrawnSwitchover"; readonly afterMs: number }
  /** As `./dbaas down` and `up`, or a reboot: every program ends, and comes back later. */
  | { readonly kind: "stopAll"; readonly ms: number }
  /** The same for the whole machine: what was not on a disk is gone, of the log so many records. */
  | { readonly kind: "powerCut"; readonly ms: number; readonly lost: number };

/** What strikes one of several hosts. */
export type HostStrike =
  /**
   * Without a word, with all that runs there; so many records of the log were not on its disk yet. The host of the target, unless
   * it is named by its number.
   */
  | { readonly kind: "loseHost"; readonly ms: number; readonly lost: number; readonly host?: number }
  | { readonly kind: "cutHost"; readonly ms: number };

export type Strike = HostStrike | ProgramStrike | VolumeStrike | BrokerStrike | ClusterStrike;

/** How long it goes on. */
export function lengthOf(strike: Strike): number {
  return "ms" in strike ? strike.ms : 0;
}
