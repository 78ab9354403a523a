// What of the cluster's own servers this host has: its broker and its ZooKeeper server. Each is asked itself, from time to time.
import type { HostPart } from "../../../core/state/status.ts";
import type { HostNode } from "../../../core/state/znodes.ts";
import type { Clock } from "../../../platform/process/clock.ts";
import type { ServerRole } from "../../../platform/process/role.ts";

const askedEveryMs = 2_000;
/** A server that is restarted, or is only slow to answer, is not away. */
const toleranceMs = 10_000;

type Ask = () => Promise<ServerRole>;
type Told = Required<Pick<HostNode, "leads" | "partsAway">>;

/** A broker leads where it leads the log. */
const leadOf = { broker: "stream", zookeeper: "zookeeper" } as const satisfies Record<
  HostPart,
  HostNode["leads"][number]
>;

export class OwnParts {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #parts: readonly { readonly part: HostPart; readonly ask: Ask; takesPartAtMs: number }[];
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #told: Told = { leads: [], partsAway: [] };

  /** @param asks of a part that this host does not have, nothing is told */
  constructor(asks: Readonly<Partial<Record<HostPart, Ask>>>, clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
    const takesPartAtMs = clock.monotonicMs();
    this.#parts = (Object.entries(asks) as [HostPart, Ask][]).map(([part, ask]) => ({
      part,
      ask,
      takesPartAtMs,
    }));
  }

  async look(): Promise<Told> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#askedAtMs < askedEveryMs) return this.#told;
    this.#askedAtMs = nowMs;
    const roles = await Promise.all(this.#parts.map(async (one) => ({ one, role: await one.ask() })));
    for (const { one, role } of roles) if (role === "leads" || role === "follows") one.takesPartAtMs = nowMs;
    this.#told = {
      leads: roles.filter(({ role }) => role === "leads").map(({ one }) => leadOf[one.part]),
      partsAway: this.#parts
        .filter(({ takesPartAtMs }) => nowMs - takesPartAtMs >= toleranceMs)
        .map(({ part }) => part),
    };
    return this.#told;
  }
}
