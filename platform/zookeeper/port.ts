// What the programs need of the coordination service, in their own words. zookeeper.ts is its adapter; tests and the simulation
// put a server of their own in its place.

/**
 * `czxid` is the transaction that created the node: it grows for ever and names one life of a path. `mzxid` is the one that wrote it
 * last: of two nodes it says which was written later, as no clock does.
 */
export interface NodeStat {
  readonly czxid: number;
  readonly mzxid: number;
  readonly version: number;
  readonly createdAtMs: number;
  readonly modifiedAtMs: number;
  /** Whether this very session made it as an ephemeral. */
  readonly mine: boolean;
}

export interface NodeContent {
  readonly data: string;
  readonly stat: NodeStat;
}

export type WatchKind = "node" | "children";

export interface CreateOptions {
  /** Goes with the session. */
  readonly ephemeral?: boolean;
  /** The path ends in a number that grows. */
  readonly sequential?: boolean;
}

export interface ZnodeSession {
  /** Fires once the session is over for certain: closed by us, or expired by the ensemble. */
  readonly ended: AbortSignal;
  /**
   * Fires once the ensemble has not been heard of for a whole session timeout: others may have taken our place. A session
   * may come back all the same, for it was the ensemble that was away; from then on this is a new signal.
   */
  readonly silent: AbortSignal;
  /** As negotiated: the server may have raised or lowered what was asked for. */
  readonly timeoutMs: number;
  close(): void;

  /**
   * What is asked for behind this call is at least as new as what any session had written before it. Without it a server of
   * several may answer with an older state, except for what this session has written itself. It need not be waited for to
   * be heeded: requests of one session are carried out in their order.
   */
  sync(): Promise<void>;
  /** @returns the path, with its number when sequential; null when the path already exists */
  create(path: string, data: string, options?: CreateOptions): Promise<string | null>;
  /** Gives the node and all below it to this session's user alone. Without a user nothing changes. */
  protect(path: string): Promise<void>;
  /** Makes a persistent path with its parents; an existing one stays as it is. */
  ensure(path: string, data?: string): Promise<void>;
  /** @returns null when there is no such node */
  get(path: string): Promise<NodeContent | null>;
  stat(path: string): Promise<NodeStat | null>;
  /** @returns the names of the children, sorted; empty when there is no such node */
  children(path: string): Promise<readonly string[]>;
  /** @returns false when the node is gone or, with `version`, was changed by another session since */
  set(path: string, data: string, version?: number): Promise<boolean>;
  /** Creates or overwrites. */
  put(path: string, data: string): Promise<void>;
  /** @returns false when it was not there (or not in that version) */
  remove(path: string, version?: number): Promise<boolean>;
  /**
   * Calls `wake` after every change of the node (made, changed, deleted) or of its list of children, and after a
   * reconnect, when changes may have been missed. It says nothing about what changed: the receiver looks.
   */
  watch(kind: WatchKind, path: string, wake: () => void, scope?: AbortSignal): void;
}

/** @throws TransientError when no server answers in time */
export type OpenZnodeSession = (sessionTimeoutMs: number) => Promise<ZnodeSession>;
