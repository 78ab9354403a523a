// PURE. The register test. Each register has one writer that counts upwards, so its true value at any place in the log is
// known from the positions of the acknowledged writes alone, and a read is wrong exactly when it shows less than that, or
// something that was not sent yet.
import type { RegisterRead, RegisterWrite, Violation, Write } from "../history.ts";
import { seconds } from "./ledger.ts";

const isRegisterWrite = (write: Write): write is RegisterWrite => write.kind === "register";

/** The writes of one register, in the order of their values. */
export class Register {
  readonly #writes: readonly RegisterWrite[];
  readonly #acked: readonly RegisterWrite[];
  readonly #ackedByTime: readonly RegisterWrite[];

  constructor(writes: readonly RegisterWrite[]) {
    this.#writes = writes;
    this.#acked = writes.filter(({ outcome }) => outcome === "acked");
    this.#ackedByTime = [...this.#acked].sort((a, b) => a.doneAtMs - b.doneAtMs);
  }

  /** The value that a copy at this position must show at least. */
  atPosition(position: number): number {
    return lastWhere(this.#acked, (write) => write.position <= position)?.value ?? 0;
  }

  /** The value that was acknowledged before this moment. */
  ackedBefore(atMs: number): number {
    return lastWhere(this.#ackedByTime, (write) => write.doneAtMs < atMs)?.value ?? 0;
  }

  /** The highest value that can have been seen at this moment. */
  sentBefore(atMs: number): number {
    return lastWhere(this.#writes, (write) => write.sentAtMs <= atMs)?.value ?? 0;
  }

  /** A single writer's values stand in the log in their order. */
  outOfOrder(): readonly string[] {
    return this.#acked.flatMap((write, i) => {
      const before = this.#acked[i - 1];
      return before !== undefined && before.position >= write.position
        ? [`value ${write.value} at position ${write.position}, value ${before.value} at ${before.position}`]
        : [];
    });
  }
}

export function registersIn(writes: readonly Write[]): ReadonlyMap<string, Register> {
  const byName = new Map<string, RegisterWrite[]>();
  for (const write of writes.filter(isRegisterWrite)) {
    const one = byName.get(write.register);
    if (one === undefined) byName.set(write.register, [write]);
    else one.push(write);
  }
  return new Map([...byName].map(([name, all]) => [name, new Register(all)]));
}

export function checkRegisters(
  registers: ReadonlyMap<string, Register>,
  values: ReadonlyMap<string, number>,
  where: string,
): readonly Violation[] {
  const violations: Violation[] = [];
  for (const [name, register] of registers) {
    const value = values.get(name) ?? 0;
    const [least, most] = [register.ackedBefore(Infinity), register.sentBefore(Infinity)];
    const evidence = `${name} in ${where} is ${value}; acknowledged up to ${least}, sent up to ${most}`;
    if (value < least) violations.push({ rule: "an acknowledged update is lost", evidence });
    if (value > most) violations.push({ rule: "an update that was never sent", evidence });
    for (const wrong of register.outOfOrder())
      violations.push({
        rule: "updates stand in another order than they were made",
        evidence: `${name}: ${wrong}`,
      });
  }
  return violations;
}

export function checkRegisterRead(read: RegisterRead, register: Register): Violation | null {
  const value = read.value ?? 0;
  const violation = (rule: string, detail: string): Violation => ({
    rule,
    evidence: `${read.client} read ${value} from ${read.register} (${read.consistency}) at ${read.worker}, sent at ${seconds(read.sentAtMs)}, done at ${seconds(read.doneAtMs)}, position ${read.position}: ${detail}`,
  });
  if (read.position < read.minPosition)
    return violation("a read went back", `asked for position ${read.minPosition}`);
  const known = register.atPosition(Math.max(read.position, read.minPosition));
  if (value < known) return violation("a read went back", `that position has ${known}`);
  const acked = register.ackedBefore(read.sentAtMs);
  if (read.consistency === "strong" && value < acked)
    return violation("a strong read missed a write", `${acked} was acknowledged before`);
  const sent = register.sentBefore(read.doneAtMs);
  if (value > sent) return violation("a read saw a write that was never sent", `sent up to ${sent}`);
  return null;
}

function lastWhere<T>(sorted: readonly T[], holds: (one: T) => boolean): T | undefined {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const one = sorted[middle];
    if (one !== undefined && holds(one)) low = middle + 1;
    else high = middle;
  }
  return sorted[low - 1];
}
