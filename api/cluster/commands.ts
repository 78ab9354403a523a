// Crash calls and switchovers. The API cannot touch containers: it leaves a command, the controller carries it out once and
// writes the outcome into it.
import { Refusal } from "../../core/errors.ts";
import { type Command, fromJson, type Paths, toJson } from "../../core/state/znodes.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { Wakeable } from "../../platform/process/waiting.ts";
import type { Znodes } from "./znodes.ts";

export type Outcome = NonNullable<Command["outcome"]>;

/**
 * @returns also when the controller has begun and not finished in time: asking again would make a second one of it
 * @throws Refusal when nothing was done, and the same may be asked again
 */
export async function sendCommand(
  znodes: Znodes,
  paths: Paths,
  what: Pick<Command, "kind" | "copy">,
  { clock, withinMs }: { readonly clock: Clock; readonly withinMs: number },
): Promise<Outcome> {
  const command: Command = { ...what, madeAtMs: clock.wallMs() };
  const path = await znodes.create(`${paths.commands}/command-`, toJson(command), { sequential: true });
  if (path === null) throw new Refusal("unavailable", "the command could not be left");
  const outcome = await outcomeOf(znodes, path, clock, withinMs);
  if (outcome !== undefined) {
    await znodes.remove(path).catch(() => undefined);
    return outcome;
  }
  return withdraw(znodes, path);
}

async function outcomeOf(
  znodes: Znodes,
  path: string,
  clock: Clock,
  withinMs: number,
): Promise<Outcome | undefined> {
  const waiting = new AbortController();
  const changed = new Wakeable(clock);
  znodes.watch("node", path, () => changed.wake(), waiting.signal);
  void clock.sleep(withinMs, waiting.signal).then(() => waiting.abort());
  try {
    for (;;) {
      const node = await znodes.get(path);
      if (node === null) throw new Refusal("unavailable", "the command was taken away");
      const outcome = fromJson<Command>(node.data)?.outcome;
      if (outcome !== undefined) return outcome;
      if (waiting.signal.aborted) return undefined;
      await changed.wait(withinMs, waiting.signal);
    }
  } finally {
    waiting.abort();
  }
}

/**
 * By its version, as the controller writes its choice by the version that it saw: one of the two comes first. What is answered as
 * withdrawn is therefore never carried out later.
 */
async function withdraw(znodes: Znodes, path: string): Promise<Outcome> {
  const node = await znodes.get(path);
  const command = node === null ? null : fromJson<Command>(node.data);
  if (command?.outcome !== undefined) return command.outcome;
  if (node === null) return { ok: false, reason: "the command is gone; look at the list of workers" };
  if (command?.chosen === undefined && (await znodes.remove(path, node.stat.version)))
    throw new Refusal("unavailable", "the controller did not answer in time; nothing was done");
  const last = await znodes.get(path);
  return (last === null ? undefined : fromJson<Command>(last.data)?.outcome) ?? begun;
}

const begun: Outcome = {
  ok: false,
  reason: "the controller has begun but not finished in time; look at the list of workers",
};
