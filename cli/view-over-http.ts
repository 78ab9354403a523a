// The cluster as its API tells it, for those who cannot reach ZooKeeper.
import { isDeepStrictEqual } from "node:util";
import { Dbaas } from "../client/client.ts";
import type { ClusterStatus } from "../client/cluster-types.ts";
import { DbaasError } from "../client/errors.ts";
import type { Address } from "./data/service.ts";
import { CliError, exitCodes } from "./exit.ts";
import type { Snapshot } from "./view.ts";
import type { Watched } from "./wait.ts";

const withinMs = 10_000;

/** A service of an earlier version has none. */
const backupsOf = (client: Dbaas): Promise<Snapshot["backups"]> =>
  client.backups().catch((error: unknown) => {
    if (error instanceof DbaasError && error.status === 404) return undefined;
    throw error;
  });

const isSame = (before: ClusterStatus, now: ClusterStatus): boolean =>
  isDeepStrictEqual({ ...before, lastCycle: null }, { ...now, lastCycle: null });

/**
 * One view for all sessions of a watch: it knows what it told last, so that an unchanged status is not printed again after a lost
 * connection. Made when it is first needed.
 */
export function openOverHttp(address: Address): () => Promise<Watched> {
  let view: Watched | undefined;
  return async () => {
    view ??= viewOverHttp(address);
    return view;
  };
}

export function viewOverHttp({ url, token }: Address): Watched {
  const client = new Dbaas({ url, token, withinMs });
  let before: ClusterStatus | undefined;
  const look = async (): Promise<Snapshot> => {
    try {
      const [told, events, backups] = await Promise.all([
        client.status(),
        client.events(),
        backupsOf(client),
      ]);
      // Whoever prints what changes prints nothing for a cycle that saw nothing new.
      const status = before !== undefined && isSame(before, told) ? before : told;
      before = status;
      return { status, events, controlled: true, cycle: told.lastCycle.id, backups } as Snapshot;
    } catch (cause) {
      if (!(cause instanceof DbaasError))
        throw new CliError(exitCodes.unreachable, `cannot reach the API at ${url}`, { cause });
      const hint = cause.status === 401 ? "; put a token into the variable DBAAS_TOKEN" : "";
      throw new CliError(exitCodes.failed, `${cause.message}${hint}`, { cause });
    }
  };
  // Nothing tells of a change: whoever watches looks again from time to time.
  return {
    look,
    onChange: () => undefined,
    ended: new AbortController().signal,
    close: async () => undefined,
  };
}
