// PURE. Which user each program runs as. A program that reaches the engine's socket is root on the host, so only the controller is in
// the socket's group. It has a user of its own: a process may signal, trace and read the memory of those of its own user, and a
// signal can make Node.js listen to a debugger.

export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

export interface Identities {
  readonly api: Identity;
  readonly controller: Identity;
}

/** `passwd` is the text of /etc/passwd of the image. */
export function identitiesIn(passwd: string, socketGroup: number): Identities {
  const { uid } = userIn(passwd, "controller");
  return { api: userIn(passwd, "node"), controller: { uid, gid: socketGroup } };
}

function userIn(passwd: string, name: string): Identity {
  const line = passwd.split("\n").find((one) => one.startsWith(`${name}:`)) ?? "";
  const [, uid, gid] = /^[^:]*:[^:]*:(\d+):(\d+):/.exec(line) ?? [];
  if (uid === undefined || gid === undefined) throw new Error(`the image has no user ${name}`);
  return { uid: Number(uid), gid: Number(gid) };
}
