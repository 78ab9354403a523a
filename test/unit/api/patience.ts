// How a server of these tests bears with clients that no test says are slow: a machine that stands still for seconds cuts none of them off.
import type { ConnectionLimits } from "../../../api/http/api-server.ts";
import { limits } from "../../../api/limits.ts";

export const patient: ConnectionLimits = { ...limits, headersWithinMs: 600_000, requestWithinMs: 600_000 };
