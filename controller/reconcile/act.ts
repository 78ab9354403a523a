// Fourth step of a cycle: carries out one intention after another. The order is the plan's: a dead master's znode must be
// gone before its replacement starts. An action that fails spoils only what concerns the same worker; the next cycle sees
// what is really there.
import { assertNever, TransientError } from "../../core/errors.ts";
import { nowhere } from "../../core/log/place.ts";
import type { Wish } from "../../core/state/znodes.ts";
import type { Failpoint } from "../failpoint.ts";
import { shortId } from "../names.ts";
import type { Engine, Registry, Target, WorkerContainer } from "../ports.ts";
import { type Action, workerOf } from "./action.ts";
import { endedByItself } from "./ending.ts";

export interface Hands {
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

export interface Deed {
  readonly action: Action;
  readonly error: unknown;
  /** For a container that ended by itself: the end of what it wrote. */
  readonly lastWords: string;
}

const actionsPerCycleMax = 64;

/** @returns what was done, and what was tried in vain; never throws */
export async function carryOut(actions: readonly Action[], hands: Hands): Promise<readonly Deed[]> {
  const deeds: Deed[] = [];
  const spoiled = new Set<string>();
  for (const action of actions.slice(0, actionsPerCycleMax)) {
    if (deeds.length > 0 && hands.interrupted() && !isForgetting(action)) break;
    const worker = workerOf(action);
    if (worker !== null && spoiled.has(worker)) continue;
    try {
      deeds.push({ action, error: null, lastWords: await act(action, hands) });
    } catch (error) {
      deeds.push({ action, error, lastWords: "" });
      // What follows may lead the workers to count the copies: they must not count too few.
      if (action.kind === "listCopy") break;
      if (worker !== null) spoiled.add(worker);
    }
  }
  return deeds;
}

/** Half-forgotten a dead worker would still be in the others' way. */
const isForgetting = ({ kind }: Action): boolean => kind === "forgetWorker" || kind === "forgetMaster";

async function act(action: Action, hands: Hands): Promise<string> {
  const { engine, registry, failpoint } = hands;
  if (action.kind === "removeContainer") return removeContainer(action, hands);
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
    case "grantWish":
      await grant(action, hands);
      break;
    // A client that has withdrawn its command meanwhile waits for no answer.
    case "acceptLoss":
      await acceptLoss(action, hands);
      break;
    case "settleWish":
      await registry.writeWish(
        action.wish,
        { ...action.made, outcome: { ok: true, pid: action.pid } },
        action.version,
      );
      break;
    case "refuseWish":
      await registry.writeWish(
        action.wish,
        { ...action.made, outcome: { ok: false, reason: action.reason } },
        action.version,
      );
      break;
    case "removeWish":
      await registry.removeWish(action.wish);
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
        atMs: hands.now(),
      });
      break;
    case "stepDown":
      hands.onStepDown(action.target);
      await engine.kill(action.target, "SIGTERM");
      break;
    case "startWorker":
      await startWorker(action.worker, hands);
      break;
    default:
      assertNever(action);
  }
  await failpoint(`after-${action.kind}`);
  return "";
}

async function startWorker(worker: string, { engine, registry, failpoint, ...hands }: Hands): Promise<void> {
  const container = hands.containerFor(worker);
  const volume = await engine.claimVolume(container.volume);
  await failpoint("after-claim");
  // Before its worker can run: the others must never miss a copy when they count them.
  await registry.listCopy(worker, volume === "new" ? nowhere : null, volume);
  const id = await engine.create(container);
  await failpoint("after-create");
  const pid = await engine.start(id);
  hands.onStarted(worker, id);
  await failpoint("after-start");
  await registry.writePid(worker, { pid, container: shortId(id) });
}

/**
 * The choice is written down first.
 * @throws TransientError when it cannot be: the client has withdrawn its command, and nothing is done for it
 */
async function choose(
  { wish, made, version, target }: Action & { kind: "grantWish" | "acceptLoss" },
  { registry, failpoint }: Hands,
): Promise<Wish> {
  const { worker: name, container, pid } = target;
  const chosen: Wish = { ...made, chosen: { name, container, pid } };
  if (!(await registry.writeWish(wish, chosen, version)))
    throw new TransientError("the command was withdrawn, nothing was done for it");
  await failpoint("after-choose");
  return chosen;
}

async function grant(action: Action & { kind: "grantWish" }, hands: Hands): Promise<void> {
  const { wish, version, target, signal } = action;
  const { engine, registry, failpoint } = hands;
  const chosen = await choose(action, hands);
  await engine.kill(target, signal);
  await failpoint("after-crash");
  await registry.writeWish(wish, { ...chosen, outcome: { ok: true, pid: target.pid } }, version + 1);
}

/** No broker's memory is trusted by it: the workers look at each other's copies anew, and this one is enough. */
async function acceptLoss(action: Action & { kind: "acceptLoss" }, hands: Hands): Promise<void> {
  const { wish, version, target, place, logVersion } = action;
  const { registry, failpoint } = hands;
  const chosen = await choose(action, hands);
  const { epoch, position } = place;
  if (!(await registry.writeLog({ broker: "", master: target.worker, epoch, position }, logVersion)))
    throw new TransientError("a worker has written meanwhile who led last");
  await failpoint("after-accept");
  await registry.writeWish(wish, { ...chosen, outcome: { ok: true, pid: target.pid } }, version + 1);
}

async function removeContainer(
  { worker, id, drained, ...end }: Action & { kind: "removeContainer" },
  { engine, registry, failpoint }: Hands,
): Promise<string> {
  // Its session may have ended before the container was seen to be dead.
  if (endedByItself(end)) await registry.judgeSuspects(worker, shortId(id), "blamed");
  const lastWords = drained ? "" : await engine.lastWords(id);
  await failpoint("before-removeContainer");
  await engine.remove(id);
  await failpoint("after-removeContainer");
  return lastWords;
}
