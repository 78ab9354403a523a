// Writes at a steady pace whether or not the earlier ones are answered. A client that waits for its answer sends nothing
// while the service stands still, and would never notice how long that was.
import { setTimeout as sleep } from "node:timers/promises";
import { begun, type History, type LedgerWrite } from "../history.ts";
import type { Ask } from "./attempt.ts";
import type { Gate } from "./gate.ts";
import { insist } from "./insist.ts";

const prober = "probe";

const everyMs = 30;
/** What a pause of the service may pile up at most. */
const unansweredMax = 400;

export interface ProberOptions {
  /** In turn, so that one way into the service that is away does not hide that the others are open. */
  readonly asks: readonly Ask[];
  readonly history: History;
  readonly nowMs: () => number;
  readonly gate: Gate;
  readonly stop: AbortSignal;
  readonly over: AbortSignal;
}

export async function probe({ asks, history, nowMs, gate, stop, over }: ProberOptions): Promise<void> {
  const unanswered = new Set<Promise<unknown>>();
  const odd = (what: string) => history.odd.push(`${prober}: ${what}`);
  const send = async (n: number): Promise<void> => {
    const ask = asks[n % asks.length];
    if (ask === undefined) throw new Error("no API to ask");
    const op = `${prober}-${n}`;
    const write: LedgerWrite = {
      kind: "ledger",
      op,
      parts: 1,
      key: op,
      ...begun(prober, nowMs()),
    };
    history.writes.push(write);
    const body = { op: "insert", table: "ledger", row: { op, part: 0, client: prober } };
    await insist(write, body, { ask, nowMs, over, odd });
  };
  for (let n = 1; !stop.aborted; n++) {
    // While the gate is closed nothing piles up behind it.
    if (gate.isOpen && unanswered.size < unansweredMax) {
      const sent = gate.pass(() => send(n));
      unanswered.add(sent);
      void sent.finally(() => unanswered.delete(sent));
    }
    await sleep(everyMs);
  }
  await Promise.all(unanswered);
}
