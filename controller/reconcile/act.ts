// Fourth step of a cycle: carries out one intention after another. The order is the plan's: a dead master's znode must be
// gone before its replacement starts. An action that fails spoils only what concerns the same worker; the next cycle sees
// what is really there.
import { TransientError } from "../../core/errors.ts";
import { nowhere } from "../../core/log/place.ts";
import { copyIdsOf } from "../../core/rules/copy-ids.ts";
import type { Command, LogNode } from "../../core/state/znodes.ts";
import type { Failpoint } from "../failpoint.ts";
import { shortId } from "../names.ts";
import type { Engine, Registry, Target, WorkerContainer } from "../ports.ts";
import { type Action, workerOf } from "./action.ts";

export interface ActPorts {
  readonly engine: Engine;
  readonly registry: Registry;
  readonly now: () => number;
  readonly failpoint: Failpoint;
  readonly containerFor: (worker: string, host: string) => WorkerContainer;
  /** Something urgent happened, or the right to act is lost: stop here, the next cycle plans anew. */
  readonly interrupted: () => boolean;
  readonly onStarted: (worker: string, id: string) => void;
  readonly onStepDown: (target: Target) => void;
}

export interface ActionResult {
  readonly action: Action;
  readonly error: unknown;
  /** For a container that ended by itself: the end of what it wrote. */
  readonly lastWords: string;
}

const actionsPerCycleMax = 64;

/** @returns what was done, and what was tried in vain; never throws */
export async function carryOut(
  actions: readonly Action[],
  ports: ActPorts,
): Promise<readonly ActionResult[]> {
  const acted: ActionResult[] = [];
  const spoiled = new Set<string>();
  for (const action of actions.slice(0, actionsPerCycleMax)) {
    if (acted.length > 0 && ports.interrupted() && !isForgetting(action)) break;
    const worker = workerOf(action);
    if (worker !== null && spoiled.has(worker)) continue;
    try {
      acted.push({ action, error: null, lastWords: await act(action, ports) });
    } catch (error) {
      acted.push({ action, error, lastWords: "" });
      // What follows may lead the workers to count the copies: they must not count too few.
      if (action.kind === "listCopy") break;
      if (worker !== null) spoiled.add(worker);
    }
  }
  return acted;
}

/** Half-forgotten a dead worker would still be in the others' way. */
const isForgetting = ({ kind }: Action): boolean => kind === "forgetWorker" || kind === "forgetMaster";

async function act<K extends Kind>(action: ActionOf<K>, ports: ActPorts): Promise<string> {
  const effect: Effects[K] = effects[action.kind];
  if (action.kind !== "removeContainer") await ports.failpoint(`before-${action.kind}`);
  const lastWords = await effect(action, ports);
  if (action.kind !== "removeContainer") await ports.failpoint(`after-${action.kind}`);
  return typeof lastWords === "string" ? lastWords : "";
}

type Kind = Action["kind"];
type ActionOf<K extends Kind> = {
  readonly [P in K]: Extract<Action, { readonly kind: P }> & { readonly kind: P };
}[K];
type Effects = { readonly [K in Kind]: (action: ActionOf<K>, ports: ActPorts) => Promise<unknown> };

/** Each intention's effect. */
const effects: Effects = {
  forgetMaster: (action, { registry }) => registry.forgetMaster(action),
  forgetWorker: ({ worker, container, killed }, { registry }) =>
    registry.forgetWorker(worker, container, killed ? "cleared" : "blamed"),
  listCopy: ({ worker, host }, { registry }) => registry.listCopy({ worker, host, holds: null }, "existing"),
  unlistCopy: ({ worker }, { registry }) => registry.unlistCopy(worker),
  publishSpec: ({ node }, { registry }) => registry.writeSpec(node),
  moveWindow: ({ node }, { registry }) => registry.writeWindow(node),
  executeCommand: execute,
  acceptLoss,
  // A client that has withdrawn its command meanwhile waits for no answer.
  settleCommand: ({ command, made, version, pid }, { registry }) =>
    registry.writeCommand(command, { ...made, outcome: { ok: true, pid } }, version),
  refuseCommand: ({ command, made, version, reason }, { registry }) =>
    registry.writeCommand(command, { ...made, outcome: { ok: false, reason } }, version),
  removeCommand: ({ command }, { registry }) => registry.removeCommand(command),
  writePid: ({ target }, { registry }) => registry.writePid(target.worker, target),
  kill: ({ target }, { engine }) => engine.kill(target, "SIGKILL"),
  removePid: ({ worker }, { registry }) => registry.removePid(worker),
  removeDrain: ({ worker }, { registry }) => registry.removeDrain(worker),
  removeContainer,
  drain: ({ target }, { registry, now }) =>
    registry.writeDrain(target.worker, { container: target.container, atMs: now() }),
  stepDown: ({ target }, { engine, onStepDown }) => {
    onStepDown(target);
    return engine.kill(target, "SIGTERM");
  },
  startWorker,
};

async function startWorker(
  { worker, host }: ActionOf<"startWorker">,
  { engine, registry, failpoint, ...ports }: ActPorts,
): Promise<void> {
  const container = ports.containerFor(worker, host);
  const volume = await engine.claimVolume(container);
  await failpoint("after-claim");
  // Before its worker can run: the others must never miss a copy when they count them.
  await registry.listCopy({ worker, host, holds: volume === "new" ? nowhere : null }, volume);
  const created = await engine.create(container);
  await failpoint("after-create");
  const { id, pid } = await engine.start(created);
  ports.onStarted(worker, id);
  await failpoint("after-start");
  await registry.writePid(worker, { pid, container: shortId(id) });
}

/**
 * The choice is written down first.
 * @throws TransientError when it cannot be: the client has withdrawn its command, and nothing is done for it
 */
async function choose(
  { command, made, version, target }: Action & { kind: "executeCommand" | "acceptLoss" },
  { registry, failpoint }: ActPorts,
): Promise<Command> {
  const { worker: name, container, pid } = target;
  const chosen: Command = { ...made, chosen: { name, container, pid } };
  const isWritten = await registry.writeCommand(command, chosen, version);
  if (!isWritten) throw new TransientError("the command was withdrawn, nothing was done for it");
  await failpoint("after-choose");
  return chosen;
}

async function execute(action: Action & { kind: "executeCommand" }, ports: ActPorts): Promise<void> {
  const { command, version, target, signal } = action;
  const { engine, registry, failpoint } = ports;
  const chosen = await choose(action, ports);
  await engine.kill(target, signal);
  await failpoint("after-crash");
  await registry.writeCommand(command, { ...chosen, outcome: { ok: true, pid: target.pid } }, version + 1);
}

/** No broker's memory is trusted by it: the workers look at each other's copies anew, and this one is enough. */
async function acceptLoss(action: Action & { kind: "acceptLoss" }, ports: ActPorts): Promise<void> {
  const { command, version, target, place, copyId, logVersion } = action;
  const { registry, failpoint } = ports;
  const chosen = await choose(action, ports);
  const { epoch, position } = place;
  const master = target.worker;
  const log: LogNode = { broker: "", master, epoch, position, ...copyIdsOf([{ name: master, copyId }]) };
  if (!(await registry.writeLog(log, logVersion)))
    throw new TransientError("a worker has written meanwhile who led last");
  await failpoint("after-accept");
  await registry.writeCommand(command, { ...chosen, outcome: { ok: true, pid: target.pid } }, version + 1);
}

/** @returns its last words */
async function removeContainer(
  { worker, host, id, drained, suspects }: ActionOf<"removeContainer">,
  { engine, registry, failpoint }: ActPorts,
): Promise<string> {
  const container = { worker, host, id };
  // Its session may have ended before the container was seen to be dead.
  if (suspects !== null) await registry.judgeSuspects(worker, shortId(id), suspects);
  const lastWords = drained ? "" : await engine.lastWords(container);
  await failpoint("before-removeContainer");
  await engine.remove(container);
  await failpoint("after-removeContainer");
  return lastWords;
}
