// PURE: everything that is known about one worker.
import type { CopyStatus } from "../core/state/status.ts";
import { age, clockTime } from "./ages.ts";
import { CliError, exitCodes } from "./exit.ts";
import { forMachines, type OutputFormat } from "./output.ts";
import { table } from "./table.ts";
import type { Snapshot } from "./view.ts";

const eventsShown = 15;

function copyInWords(copy: CopyStatus | undefined): string {
  if (copy === undefined) return "none";
  const holds = copy.known ? `epoch ${copy.epoch}, position ${copy.position}` : "not opened yet";
  return copy.lastMaster ? `${holds}; led last: holds every acknowledged write` : holds;
}

/** @throws CliError when there is no such worker */
export function describeWorker(
  name: string,
  { status, events }: Snapshot,
  format: OutputFormat,
  nowMs: number,
): string {
  const worker = status.workers.find((one) => one.name === name);
  const known = status.workers.map((one) => one.name).join(", ") || "none";
  if (worker === undefined)
    throw new CliError(exitCodes.notFound, `there is no worker ${name}; there are: ${known}`);
  const about = events.filter((event) => event.worker === name).slice(-eventsShown);
  const machines = forMachines({ ...worker, events: about }, format);
  if (machines !== null) return machines;
  const facts = table(
    ["Name:", worker.name],
    [
      ["State:", worker.state],
      ["Container:", worker.container],
      ["Pid on the host:", worker.pid],
      ["Epoch:", worker.epoch],
      ["Log position:", worker.position],
      ["Records behind:", worker.lag],
      ["Copy:", copyInWords(status.copies.find((copy) => copy.worker === name))],
      ["Reads served:", worker.readsServed],
      ["Writes served:", worker.writesServed],
      ["Since:", `${clockTime(worker.sinceMs)} UTC (${age(worker.sinceMs, nowMs)})`],
    ],
  );
  const history =
    about.length === 0
      ? "Events: none\n"
      : table(
          ["EVENTS (UTC)", "REASON", "MESSAGE"],
          about.map(({ atMs, reason, message }) => [clockTime(atMs), reason, message]),
        );
  return `${facts}\n${history}`;
}
