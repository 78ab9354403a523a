// PURE: what the controller can intend, and each intention's sentence in the log.
import { assertNever } from "../../core/errors.ts";
import { placeInWords } from "../../core/log/place.ts";
import type { SpecNode } from "../../core/state/spec-node.ts";
import type { EventRecord } from "../../core/state/status.ts";
import type { Command, CommandKind, Place, WindowNode } from "../../core/state/znodes.ts";
import type { Ending, Signal, SuspectsVerdict, Target } from "../ports.ts";

export type KillReason = "hung" | "neverReady" | "stuck" | "secondMaster" | "drainOverdue";

/** A worker that is not made from what workers are made from now. */
export interface Outdated {
  readonly worker: string;
  /** `runs an older image` */
  readonly why: string;
}

export type Action =
  | {
      readonly kind: "forgetMaster";
      readonly worker: string;
      readonly container: string;
      readonly guid: string;
    }
  | {
      readonly kind: "forgetWorker";
      readonly worker: string;
      readonly container: string;
      /** It led and was killed from outside: no write in its hands is to blame. */
      readonly killed: boolean;
    }
  /** Its volume exists, and what its copy holds is not known. */
  | { readonly kind: "listCopy"; readonly worker: string; readonly host: string }
  | { readonly kind: "unlistCopy"; readonly worker: string }
  | { readonly kind: "publishSpec"; readonly node: SpecNode }
  | { readonly kind: "moveWindow"; readonly node: WindowNode; readonly ended: number }
  | {
      readonly kind: "executeCommand";
      readonly command: string;
      readonly made: Command;
      readonly version: number;
      readonly target: Target;
      readonly signal: Signal;
    }
  /** The target's copy goes on as if it held everything that was acknowledged. */
  | {
      readonly kind: "acceptLoss";
      readonly command: string;
      readonly made: Command;
      readonly version: number;
      readonly target: Target;
      readonly place: Place;
      readonly copyId: string | undefined;
      /** Of the note of who led last, as it was seen; null when there is none. */
      readonly logVersion: number | null;
      readonly lost: string;
    }
  /** The process the command was about is gone: only the answer is missing. */
  | {
      readonly kind: "settleCommand";
      readonly command: string;
      readonly made: Command;
      readonly version: number;
      readonly pid: number;
    }
  | {
      readonly kind: "refuseCommand";
      readonly command: string;
      readonly made: Command;
      readonly version: number;
      readonly reason: string;
    }
  | { readonly kind: "removeCommand"; readonly command: string }
  | { readonly kind: "writePid"; readonly target: Target }
  | { readonly kind: "kill"; readonly target: Target; readonly why: KillReason; readonly detail: string }
  | { readonly kind: "removePid"; readonly worker: string }
  | { readonly kind: "removeDrain"; readonly worker: string }
  | {
      readonly kind: "removeContainer";
      readonly worker: string;
      readonly host: string;
      readonly id: string;
      readonly ending: Ending | null;
      readonly endedWith: string;
      readonly drained: boolean;
      /** Null where nothing is certain. */
      readonly suspects: SuspectsVerdict | null;
    }
  | { readonly kind: "drain"; readonly target: Target; readonly replaced?: Outdated }
  /** The master hands over to a slave and leaves. */
  | { readonly kind: "stepDown"; readonly target: Target; readonly replaced: Outdated }
  | {
      readonly kind: "startWorker";
      readonly worker: string;
      readonly host: string;
      readonly replaces: boolean;
      /** Where there are several, so that the host is worth telling. */
      readonly onHost?: true;
      /** The one that will leave once this one is ready. */
      readonly replaced?: Outdated;
    };

const commands: Record<CommandKind, string> = {
  crashMaster: "killing the master",
  crashSlave: "killing the slave with the highest pid",
  switchover: "asking the master to step down",
  acceptLoss: "accepting a loss",
};

const killReasons: Record<KillReason, string> = {
  hung: "hung or cut off",
  neverReady: "never got ready",
  stuck: "cannot join the log although others can",
  secondMaster: "a second master",
  drainOverdue: "did not finish in time",
};

function ending(action: Action & { kind: "removeContainer" }): string {
  if (action.drained) return `slave ${action.worker} finished and left`;
  return `worker ${action.worker} is dead (${action.endedWith}), removing its container`;
}

const because = (replaced: Outdated | undefined): string =>
  replaced === undefined ? "" : `${replaced.worker} ${replaced.why} -> replacing it: `;

/** @returns null for bookkeeping, which is nobody's news */
export function describe(action: Action): string | null {
  switch (action.kind) {
    case "forgetMaster":
      return `master ${action.worker} is dead: removing its master znode so that the slaves elect another`;
    case "moveWindow":
      return action.ended > 1
        ? `${action.ended} windows ended unseen: taking their average`
        : action.ended === 0 && action.node.demand === null
          ? "first read: the scaling timer starts"
          : null;
    case "executeCommand":
      return `${commands[action.made.kind]}, ${action.target.worker} (pid ${action.target.pid}), as asked`;
    case "acceptLoss":
      return `accepting the loss, as asked: ${action.target.worker} goes on from ${placeInWords(action.place)}; lost is ${action.lost}`;
    case "refuseCommand":
      return `not ${commands[action.made.kind]}: ${action.reason}`;
    case "kill":
      return `killing ${action.target.worker} (pid ${action.target.pid}): ${killReasons[action.why]}, ${action.detail}`;
    case "removeContainer":
      return ending(action);
    case "drain":
      return `${because(action.replaced)}draining slave ${action.target.worker} (pid ${action.target.pid})`;
    case "stepDown":
      return `${because(action.replaced)}asking master ${action.target.worker} (pid ${action.target.pid}) to hand over`;
    case "startWorker":
      return `${because(action.replaced)}starting worker ${action.worker}${action.replaces ? " in its place" : ""}${action.onHost ? ` on ${action.host}` : ""}`;
    case "publishSpec":
      return `took up the manifest as generation ${action.node.generation}`;
    case "forgetWorker":
    case "listCopy":
    case "unlistCopy":
    case "settleCommand":
    case "removeCommand":
    case "writePid":
    case "removePid":
    case "removeDrain":
      return null;
    default:
      return assertNever(action);
  }
}

/** The worker an action is about; null when it is about none. */
export function workerOf(action: Action): string | null {
  if ("target" in action) return action.target.worker;
  return "worker" in action ? action.worker : null;
}

/** How the action stands in the list of events. */
export function eventReason(action: Action): Pick<EventRecord, "reason" | "severity"> {
  const reason = `${action.kind.charAt(0).toUpperCase()}${action.kind.slice(1)}`;
  if ("replaced" in action && action.replaced !== undefined)
    return { reason: `Replace${action.kind === "stepDown" ? "Master" : "Worker"}`, severity: "info" };
  if (action.kind === "acceptLoss") return { reason: "LossAccepted", severity: "warning" };
  const warns =
    action.kind === "kill" ||
    action.kind === "forgetMaster" ||
    action.kind === "refuseCommand" ||
    (action.kind === "removeContainer" && !action.drained);
  return { reason, severity: warns ? "warning" : "info" };
}
