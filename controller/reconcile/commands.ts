// PURE: the crash and switchover calls. The API leaves each as a command; here it is decided whom it hits. A command names its
// victim before it is carried out, so that a controller that dies in between never kills a second one for it.
import { assertNever } from "../../core/errors.ts";
import type { Command, CommandKind } from "../../core/state/znodes.ts";
import type { SeenCommand } from "../ports.ts";
import type { Action } from "./action.ts";
import { copiesOf } from "./copies.ts";
import type { Acceptance } from "./data-complete.ts";
import { isLed, isLive, isRunning, type Observed, targetOf, type WorkerView } from "./workers.ts";

const commandLimits = {
  /** How long an answered command stays for its asker to read. */
  keepMs: 60_000,
  /** How long to wait for an election or a replacement before saying that there is nobody. */
  nobodyMs: 3_000,
} as const;

export interface CommandRules {
  readonly paused: boolean;
  /** After this nobody waits for the answer any more: the API has given up. */
  readonly askerGoneMs: number;
  /** What an accepted loss would go on from, or why there is none to accept. */
  readonly acceptance: (copy: string | undefined) => Acceptance;
}

type WorkerCommand = Exclude<CommandKind, "acceptLoss">;

const nobody: Record<WorkerCommand, string> = {
  crashMaster: "there is no master to kill",
  crashSlave: "there is no slave to kill",
  switchover: "there is no slave that could take over",
};

/** At most one kill in a cycle: the next command of its kind is decided on the world after it. */
export function answerCommands(observed: Observed, rules: CommandRules): readonly Action[] {
  const actions: Action[] = [];
  for (const seen of observed.commands) {
    const action = answer(seen, observed, rules);
    if (action === null) continue;
    if (carriesOut(action) && actions.some(carriesOut)) continue;
    actions.push(action);
  }
  return actions;
}

const carriesOut = ({ kind }: Action): boolean => kind === "executeCommand" || kind === "acceptLoss";

function answer(
  { id, command: made, version }: SeenCommand,
  observed: Observed,
  rules: CommandRules,
): Action | null {
  if (made === null) return { kind: "removeCommand", command: id };
  const ageMs = observed.wallMs - made.madeAtMs;
  if (made.outcome !== undefined)
    return ageMs > commandLimits.keepMs ? { kind: "removeCommand", command: id } : null;
  const begun: Begun = { command: id, made, version };
  if (made.chosen !== undefined)
    return made.kind === "acceptLoss"
      ? finishLoss(begun, made.chosen, observed, rules)
      : finish(begun, made.chosen, observed);
  const refuse = (reason: string): Action => ({ kind: "refuseCommand", command: id, made, version, reason });
  if (ageMs > rules.askerGoneMs) return refuse("nobody waits for the answer any more");
  if (rules.paused) return refuse("the manifest pauses the controller");
  if (made.kind === "acceptLoss") return acceptLoss(begun, observed, rules.acceptance(made.copy));
  const target = choose(made.kind, observed);
  if (target !== null)
    return {
      kind: "executeCommand",
      command: id,
      made,
      version,
      target: targetOf(target),
      signal: signalFor(made.kind),
    };
  const somebodyComes = observed.workers.some(isLive) && ageMs < commandLimits.nobodyMs;
  return somebodyComes ? null : refuse(nobody[made.kind]);
}

interface Begun {
  readonly command: string;
  readonly made: Command;
  readonly version: number;
}

/** Whether its signal was sent already is not known: a worker takes a second SIGTERM like the first, and SIGKILL ends it. */
function finish(begun: Begun, chosen: NonNullable<Command["chosen"]>, observed: Observed): Action | null {
  const still = observed.workers.find(
    ({ container }) => container.shortId === chosen.container && container.pid === chosen.pid,
  );
  const handsOver = begun.made.kind === "switchover" && still !== undefined && still.phase !== "master";
  // It may run on, out of sight: it is neither killed nor dead, and the command waits for its host.
  if (still?.phase === "unknown") return null;
  if (still === undefined || !isRunning(still) || handsOver)
    return { kind: "settleCommand", ...begun, pid: chosen.pid };
  return { kind: "executeCommand", ...begun, target: targetOf(still), signal: signalFor(begun.made.kind) };
}

function acceptLoss(begun: Begun, { log }: Observed, accepted: Acceptance): Action {
  if ("refused" in accepted) return { kind: "refuseCommand", ...begun, reason: accepted.refused };
  const { running } = accepted.copy;
  if (running === null) return { kind: "refuseCommand", ...begun, reason: "its worker does not run" };
  const { place, lost } = accepted;
  const logVersion = log?.version ?? null;
  const { copyId } = accepted.copy;
  return { kind: "acceptLoss", ...begun, target: targetOf(running), place, copyId, logVersion, lost };
}

/** Whether the note was written already is seen by the note, of the copy that is there now, or by a master that leads since. */
function finishLoss(
  begun: Begun,
  { name, pid }: NonNullable<Command["chosen"]>,
  observed: Observed,
  rules: CommandRules,
): Action {
  const { log } = observed;
  const isReplaced = copiesOf(observed).some((copy) => copy.worker === name && copy.replaced);
  const isWritten = log?.broker === "" && log.master === name && !isReplaced;
  if (isWritten || isLed(observed)) return { kind: "settleCommand", ...begun, pid };
  return acceptLoss(begun, observed, rules.acceptance(name));
}

const signalFor = (kind: CommandKind) => (kind === "switchover" ? "SIGTERM" : "SIGKILL");

function choose(kind: WorkerCommand, observed: Observed): WorkerView | null {
  const live = observed.workers.filter(isLive);
  const master = live.find(({ phase }) => phase === "master") ?? null;
  switch (kind) {
    case "crashMaster":
      return master;
    case "switchover":
      return live.some(({ phase, node }) => phase === "slave" && node?.eligible === true) ? master : null;
    case "crashSlave":
      return highestPid(slavesOf(live, master));
    default:
      return assertNever(kind);
  }
}

/** While there is no master, the one with the lowest pid is about to be it. One that has joined comes before one that starts. */
function slavesOf(live: readonly WorkerView[], master: WorkerView | null): readonly WorkerView[] {
  const others = [...live].sort((a, b) => a.container.pid - b.container.pid).filter((one) => one !== master);
  const slaves = master === null ? others.slice(1) : others;
  const joined = slaves.filter(({ node }) => node !== null);
  return joined.length > 0 ? joined : slaves;
}

const highestPid = (workers: readonly WorkerView[]): WorkerView | null =>
  workers.reduce<WorkerView | null>(
    (best, one) => (best === null || one.container.pid > best.container.pid ? one : best),
    null,
  );
