// db/restore: the mark of a restore, which is set before the first row of a backup is written and taken away after the last one. The
// rows come as ordinary writes, which bear its attempt in a header.
import type { IncomingMessage, ServerResponse } from "node:http";
import { Refusal } from "../../core/errors.ts";
import type { Clock } from "../../platform/process/clock.ts";
import type { Restoring } from "../cluster/restoring.ts";
import type { CurrentZnodes } from "../cluster/znodes.ts";
import { refuse, sendJson } from "./refusals.ts";
import { paths, type Route } from "./routes.ts";

export interface RestorePorts {
  readonly znodes: CurrentZnodes;
  readonly restoring: Restoring;
  readonly clock: Clock;
}

export const attemptPattern = /^[A-Za-z0-9-]{1,64}$/;

export function restoreRoutes({ znodes, restoring, clock }: RestorePorts): readonly Route[] {
  const show = async (_req: IncomingMessage, res: ServerResponse): Promise<void> =>
    sendJson(res, { restore: await restoring.look(znodes.get()) });
  const change = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const { attempt, done } = askedBy(req);
    if (!done) return sendJson(res, { restore: await restoring.begin(znodes.get(), attempt, clock) });
    if (await restoring.end(znodes.get(), attempt)) return sendJson(res, { restore: null });
    refuse(res, { code: "conflict", message: "another restore is under way" });
  };
  return [
    { method: "get", path: paths.restore, handle: show },
    { method: "put", path: paths.restore, handle: change },
  ];
}

/** @throws Refusal when it is not said which attempt is meant */
function askedBy(req: IncomingMessage): { readonly attempt: string; readonly done: boolean } {
  const query = new URL(req.url ?? "/", "http://api").searchParams;
  const attempt = query.get("attempt") ?? "";
  if (!attemptPattern.test(attempt))
    throw new Refusal("bad_request", "must be 1 to 64 letters, digits and dashes", "attempt");
  const done = query.get("done") ?? "false";
  if (done !== "true" && done !== "false") throw new Refusal("bad_request", "must be true or false", "done");
  return { attempt, done: done === "true" };
}
