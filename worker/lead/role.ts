// PURE. What a worker is, and what makes it something else. A cell that was forgotten does not compile.

/**
 * joining: brings its copy up to date. slave: serves reads. draining: finishes what it holds, then stops.
 * master: takes writes. stopped: this life of the worker is over; the next one starts as joining.
 */
export type Role = "joining" | "slave" | "master" | "draining" | "stopped";
export type RoleEvent = "caughtUp" | "elected" | "drain" | "lost" | "stop";

const NEXT: Record<Role, Record<RoleEvent, Role>> = {
  // Elected while joining: all others are gone, and its copy joins the log, so it drains the log and leads.
  joining: { caughtUp: "slave", elected: "master", drain: "draining", lost: "stopped", stop: "stopped" },
  slave: { caughtUp: "slave", elected: "master", drain: "draining", lost: "stopped", stop: "stopped" },
  // A master is never scaled in. One that lost its session may have a successor: it must not come back as one.
  master: { caughtUp: "master", elected: "master", drain: "master", lost: "stopped", stop: "stopped" },
  draining: {
    caughtUp: "draining",
    elected: "draining",
    drain: "draining",
    lost: "stopped",
    stop: "stopped",
  },
  stopped: { caughtUp: "stopped", elected: "stopped", drain: "stopped", lost: "stopped", stop: "stopped" },
};

export const nextRole = (role: Role, event: RoleEvent): Role => NEXT[role][event];
