// Writes at a steady pace whether or not the earlier ones are answered. A client that waits for its answer sends nothing
// while the service stands still, and would never notice how long that was.
import { setTimeout as sleep } from "node:timers/promises";
import type { History, LedgerWrite } from "../history.ts";
import type { Gate } from "./gate.ts";
import { insist } from "./insist.ts";

const prober = "probe";

const everyMs = 30;
/** What a pause of the service may pile up at most. */
const unansweredMax = 400;

export interface ProberOptions {
  readonly history: History;
  readonly nowMs: () => number;
  readonly gate: Gate;
  readonly stop: AbortSignal;
  readonly over: AbortSignal;
}

export async function probe({ history, nowMs, gate, stop, over }: ProberOptions): Promise<void> {
  const unanswered = new Set<Promise<unknown>>();
  const odd = (what: string) => history.odd.push(`${prober}: ${what}`);
  const send = async (n: number): Promise<void> => {
    const op = `${prober}-${n}`;
    const write: LedgerWrite = {
      kind: "ledger",
      op,
      parts: 1,
      key: op,
      client: prober,
      sentAtMs: nowMs(),
      doneAtMs: Number.POSITIVE_INFINITY,
      outcome: "unknown",
      position: 0,
      troubles: [],
    };
    history.writes.push(write);
    const body = { op: "insert", table: "ledger", row: { op, part: 0, client: prober } };
    await insist(write, body, { nowMs, over, odd });
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
