// What the faults over hosts share: which host is struck, and how that is told.
import type { Scene } from "../../faults/fault.ts";
import { leadersNow } from "../leaders.ts";
import { inWords, type Leaders, lostWith, type Role, rolesOf } from "../roles.ts";
import { type HostNumber, hostNumbers } from "../testbed.ts";

/** A host by what leads on it, or the one on which the least does. */
export type Target = Role | "nothing that leads";

export interface Struck {
  readonly host: HostNumber;
  readonly leaders: Leaders;
}

/** @throws when it is not known who leads that */
export async function struckBy(target: Target, { note }: Pick<Scene, "note">): Promise<Struck> {
  const leaders = await leadersNow();
  note(inWords(leaders));
  const host = hostOf(target, leaders);
  if (host === undefined) throw new Error(`no host is known to have the ${target}`);
  return { host, leaders };
}

function hostOf(target: Target, leaders: Leaders): HostNumber | undefined {
  if (target !== "nothing that leads") return hostNumbers.find((host) => host === leaders[target]);
  return hostNumbers.toSorted((a, b) => rolesOf(a, leaders).length - rolesOf(b, leaders).length)[0];
}

/** Every kind of gap there is a promise for is the loss of a master. */
export function strikeHost({ strike }: Scene, how: string, { host, leaders }: Struck): void {
  const lost = lostWith(how, host, leaders);
  strike(leaders.master === host ? "killed master" : "other", lost);
}
