// The routes about the cluster itself: who works, how it stands, and the crash calls.
import type { IncomingMessage, ServerResponse } from "node:http";
import { Refusal } from "../../core/errors.ts";
import type { RequestSpec } from "../../core/manifest/manifest.ts";
import { lastCycleOf } from "../../core/state/last-cycle.ts";
import { type ClusterStatus, type CommandKind, fromJson, type Paths } from "../../core/state/znodes.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { sendCommand } from "../cluster/commands.ts";
import { workerPids } from "../cluster/workers.ts";
import type { CurrentZnodes } from "../cluster/znodes.ts";
import { type HttpRefusal, refuse, sendJson, sendText } from "./refusals.ts";
import { type Route, type RoutePath, paths as routePaths } from "./routes.ts";

export interface ClusterPorts {
  readonly znodes: CurrentZnodes;
  readonly paths: Paths;
  readonly clock: Clock;
  /** The controller knows the same limit, and carries out no command whose client has given up. */
  readonly spec: { readonly requests: RequestSpec };
  readonly broker: { readonly connected: boolean };
  readonly workers: { readonly master: string | undefined };
}

/** Commands that wait for the controller, which reads all of them in each cycle. */
const commandsMax = 16;
const tooMany: HttpRefusal = { code: "unavailable", message: "too many commands wait for the controller" };

export function clusterRoutes(ports: ClusterPorts): readonly Route[] {
  const { znodes, paths } = ports;
  let waiting = 0;
  const command = (path: RoutePath, kind: CommandKind): Route => ({
    method: "post",
    path,
    handle: async (req, res) => {
      if (waiting >= commandsMax) return void refuse(res, tooMany);
      const copy = kind === "acceptLoss" ? copyFrom(req) : undefined;
      waiting += 1;
      await carryOut(ports, kind, copy, res).finally(() => {
        waiting -= 1;
      });
    },
  });
  return [
    {
      method: "get",
      path: routePaths.workers,
      handle: async (_req, res) => sendJson(res, await workerPids(znodes.get(), paths)),
    },
    command(routePaths.crashMaster, "crashMaster"),
    command(routePaths.crashSlave, "crashSlave"),
    command(routePaths.switchover, "switchover"),
    command(routePaths.acceptLoss, "acceptLoss"),
    { method: "get", path: routePaths.status, handle: (_req, res) => sendStatus(ports, res) },
    { method: "get", path: routePaths.health, handle: (_req, res) => sendJson(res, { alive: true }) },
    { method: "get", path: routePaths.ready, handle: (_req, res) => sendReadiness(ports, res) },
  ];
}

const copyPattern = /^w-[1-9]\d{0,5}$/;

/** @throws Refusal when it is no worker's name */
function copyFrom(req: IncomingMessage): string | undefined {
  const copy = new URL(req.url ?? "/", "http://api").searchParams.get("copy");
  if (copy === null) return undefined;
  if (!copyPattern.test(copy))
    throw new Refusal("bad_request", "must be the name of a worker, for instance w-2", "copy");
  return copy;
}

async function carryOut(
  { znodes, paths, clock, spec }: ClusterPorts,
  kind: CommandKind,
  copy: string | undefined,
  res: ServerResponse,
) {
  const outcome = await sendCommand(znodes.get(), paths, copy === undefined ? { kind } : { kind, copy }, {
    clock,
    withinMs: spec.requests.timeoutMs,
  });
  if (outcome.ok) sendJson(res, [outcome.pid]);
  else refuse(res, { code: "conflict", message: outcome.reason });
}

/** With the last cycle of all, which may have told nothing new. */
async function sendStatus({ znodes, paths }: ClusterPorts, res: ServerResponse) {
  const current = znodes.get();
  const [, cycleNode, node] = await Promise.all([
    current.sync(),
    // Before the status, which is then that of this cycle or of a later one.
    current.get(paths.cycle),
    current.get(paths.status),
  ]);
  const status = node === null ? null : fromJson<ClusterStatus>(node.data);
  if (node === null) refuse(res, { code: "unavailable", message: "the controller has not reported yet" });
  else if (status === null) sendText(res, node.data);
  else sendJson(res, { ...status, lastCycle: lastCycleOf(status, node, cycleNode) });
}

async function sendReadiness({ znodes, broker, workers }: ClusterPorts, res: ServerResponse) {
  const missing = [
    broker.connected ? undefined : "the message broker",
    znodes.connected ? undefined : await znodes.missing(),
    workers.master === undefined ? "a master" : undefined,
  ].filter((what) => what !== undefined);
  if (missing.length === 0) sendJson(res, { ready: true, master: workers.master });
  else refuse(res, { code: "unavailable", message: `missing: ${missing.join(", ")}` });
}
