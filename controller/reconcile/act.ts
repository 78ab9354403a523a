// Fourth step of a cycle: carries out one intention after another. The order is the plan's: a dead master's znode must be
// gone before its replacement starts. An action that fails spoils only what concerns the same worker; the next cycle sees
// what is really there.
import { assertNever, TransientError } from "../../core/errors.ts";
import { nowhere } from "../../core/log/place.ts";
import type { Command } from "../../core/state/znodes.ts";
import type { Failpoint } from "../failpoint.ts";
import { shortId } from "../names.ts";
import type { Engine, Registry, Target, WorkerContainer } from "../ports.ts";
import { type Action, workerOf } from "./action.ts";
import { endedByItself } from "./ending.ts";

export interface ActPorts {
  readonly engine: Engine;
  readonly registry: Registry;
  readonly now: () => number;
  readonly failpoint: Failpoint;
  readonly containerFor: (worker: string) => WorkerContainer;
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

async function act(action: Action, ports: ActPorts): Promise<string> {
  const { engine, registry, failpoint } = ports;
  if (action.kind === "removeContainer") return removeContainer(action, ports);
  await failpoint(`before-${action.kind}`);
  switch (action.kind) {
    case "forgetMaster":
      await registry.forgetMaster(action);
      break;
    case "forgetWorker":
      await registry.forgetWorker(action.worker, action.container, action.killed ? "cleared" : "blamed");
      break;
    case "listCopy":
      await registry.listCopy(action.worker, null, "existing");
      break;
    case "unlistCopy":
      await registry.unlistCopy(action.worker);
      break;
    case "publishSpec":
      await registry.writeSpec(action.node);
      break;
    case "moveWindow":
      await registry.writeWindow(action.node);
      break;
    case "executeCommand":
      await execute(action, ports);
      break;
    // A client that has withdrawn its command meanwhile waits for no answer.
    case "acceptLoss":
      await acceptLoss(action, ports);
      break;
    case "settleCommand":
      await registry.writeCommand(
        action.command,
        { ...action.made, outcome: { ok: true, pid: action.pid } },
        action.version,
      );
      break;
    case "refuseCommand":
      await registry.writeCommand(
        action.command,
        { ...action.made, outcome: { ok: false, reason: action.reason } },
        action.version,
      );
      break;
    case "removeCommand":
      await registry.removeCommand(action.command);
      break;
    case "writePid":
      await registry.writePid(action.target.worker, action.target);
      break;
    case "kill":
      await engine.kill(action.target, "SIGKILL");
      break;
    case "removePid":
      await registry.removePid(action.worker);
      break;
    case "removeDrain":
      await registry.removeDrain(action.worker);
      break;
    case "drain":
      await registry.writeDrain(action.target.worker, {
        container: action.target.container,
        atMs: ports.now(),
      });
      break;
    case "stepDown":
      ports.onStepDown(action.target);
      await engine.kill(action.target, "SIGTERM");
      break;
    case "startWorker":
      await startWorker(action.worker, ports);
      break;
    default:
      assertNever(action);
  }
  await failpoint(`after-${action.kind}`);
  return "";
}

async function startWorker(
  worker: string,
  { engine, registry, failpoint, ...ports }: ActPorts,
): Promise<void> {
  const container = ports.containerFor(worker);
  const volume = await engine.claimVolume(container.volume);
  await failpoint("after-claim");
  // Before its worker can run: the others must never miss a copy when they count them.
  await registry.listCopy(worker, volume === "new" ? nowhere : null, volume);
  const id = await engine.create(container);
  await failpoint("after-create");
  const pid = await engine.start(id);
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
  if (!(await registry.writeCommand(command, chosen, version)))
    throw new TransientError("the command was withdrawn, nothing was done for it");
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
  const { command, version, target, place, logVersion } = action;
  const { registry, failpoint } = ports;
  const chosen = await choose(action, ports);
  const { epoch, position } = place;
  if (!(await registry.writeLog({ broker: "", master: target.worker, epoch, position }, logVersion)))
    throw new TransientError("a worker has written meanwhile who led last");
  await failpoint("after-accept");
  await registry.writeCommand(command, { ...chosen, outcome: { ok: true, pid: target.pid } }, version + 1);
}

async function removeContainer(
  { worker, id, drained, ...end }: Action & { kind: "removeContainer" },
  { engine, registry, failpoint }: ActPorts,
): Promise<string> {
  // Its session may have ended before the container was seen to be dead.
  if (endedByItself(end)) await registry.judgeSuspects(worker, shortId(id), "blamed");
  const lastWords = drained ? "" : await engine.lastWords(id);
  await failpoint("before-removeContainer");
  await engine.remove(id);
  await failpoint("after-removeContainer");
  return lastWords;
}
