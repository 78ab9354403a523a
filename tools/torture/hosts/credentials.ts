// What brokers and ZooKeeper servers ask of whoever looks at them.
import { credentialsIn } from "../cluster/credentials.ts";
import { hosts } from "./testbed.ts";

type Of = Parameters<typeof credentialsIn>[1];

const known = new Map<Of, string>();

/** The first host made them when it brought the cluster up. It may be another machine later, with an empty disk. */
export async function credentials(of: Of): Promise<string> {
  const told = known.get(of) ?? (await credentialsIn(hosts.stateOf(1), of));
  known.set(of, told);
  return told;
}
