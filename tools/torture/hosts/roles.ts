// PURE. Who leads what on which host, and what is lost with a host.

/** By the words of the report. */
export const roles = [
  "master",
  "stream leader",
  "ZooKeeper leader",
  "acting controller",
  "Swarm leader",
] as const;
export type Role = (typeof roles)[number];

/** The host of each; absent where it is not known, or nothing leads. */
export type Leaders = Readonly<Partial<Record<Role, number>>>;

export const rolesOf = (host: number, leaders: Leaders): readonly Role[] =>
  roles.filter((role) => leaders[role] === host);

/** What the report counts a fault under: each thing that led there, and all of them together. */
export function lostWith(how: string, host: number, leaders: Leaders): readonly string[] {
  const led = rolesOf(host, leaders);
  if (led.length === 0) return [`${how}: nothing that leads`];
  const all = led.length === roles.length ? [`${how}: all five`] : [];
  return [...led.map((role) => `${how}: ${role}`), ...all];
}

export function inWords(leaders: Leaders): string {
  const byHost = new Map<string, Role[]>();
  for (const role of roles) {
    const host = leaders[role];
    const where = host === undefined ? "unknown" : `host ${host}`;
    byHost.set(where, [...(byHost.get(where) ?? []), role]);
  }
  return [...byHost]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([where, led]) => `${where}: ${led.join(", ")}`)
    .join("; ");
}
