// What of the cluster's own servers this host has: its broker and its ZooKeeper server. Each is asked itself, from time to time.
import type { HostPart } from "../../../core/state/status.ts";
import type { HostNode } from "../../../core/state/znodes.ts";
import type { Clock } from "../../../platform/process/clock.ts";
import type { ServerRole } from "../../../platform/process/role.ts";

const askedEveryMs = 2_000;
/** A server that is restarted, or is only slow to answer, is not away. */
const toleranceMs = 10_000;

/** Never rejects. */
type Ask = () => Promise<ServerRole>;
type Told = Required<Pick<HostNode, "leads" | "partsAway">>;

/** A broker leads where it leads the log. */
const leadOf = { broker: "stream", zookeeper: "zookeeper" } as const satisfies Record<
  HostPart,
  HostNode["leads"][number]
>;

interface Part {
  readonly part: HostPart;
  readonly ask: Ask;
  role: ServerRole;
  /** Null while it takes part, and as long as it has not been asked. */
  missingSinceMs: number | null;
}

const takesPart = (role: ServerRole): boolean => role === "leads" || role === "follows";

export class OwnParts {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #parts: readonly Part[];
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;

  /** @param asks of a part that this host does not have, nothing is told */
  constructor(asks: Readonly<Partial<Record<HostPart, Ask>>>, clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
    this.#parts = (Object.entries(asks) as [HostPart, Ask][]).map(([part, ask]) => ({
      part,
      ask,
      role: "away",
      missingSinceMs: null,
    }));
  }

  /** Does not wait for them: what they said last is told meanwhile. */
  look(): Told {
    const nowMs = this.#clock.monotonicMs();
    if (this.#asking === undefined && nowMs - this.#askedAtMs >= askedEveryMs) {
      this.#askedAtMs = nowMs;
      this.#asking = this.#ask().finally(() => {
        this.#asking = undefined;
      });
    }
    return {
      leads: this.#parts.filter(({ role }) => role === "leads").map(({ part }) => leadOf[part]),
      partsAway: this.#parts
        .filter(({ missingSinceMs }) => missingSinceMs !== null && nowMs - missingSinceMs >= toleranceMs)
        .map(({ part }) => part),
    };
  }

  async #ask(): Promise<void> {
    await Promise.all(
      this.#parts.map(async (one) => {
        one.role = await one.ask();
        if (takesPart(one.role)) one.missingSinceMs = null;
        else one.missingSinceMs ??= this.#clock.monotonicMs();
      }),
    );
  }
}
