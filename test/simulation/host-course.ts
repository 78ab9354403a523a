// Courses of three hosts: what else happens in them, and hosts that are lost or cut off for a while.
import type { VirtualWorld } from "../fakes/virtual-world.ts";
import type { Course, Fault } from "./course.ts";
import type { HostStrike, Strike } from "./strikes.ts";

const hosts = 3;
/** Of all courses; and only of those that are no longer than this. */
const share = 0.4;
const shortMs = 13_000;
/** So long after the loss of a host, and of nothing else, the service must be whole on the others. */
const wholeWithinMs = 18_000;
const aloneForMs = wholeWithinMs + 8_000;
/** What else strikes in such a course is over by then, and spares what all share. */
const elseWithinMs = 7_000;
const harmless: ReadonlySet<Strike["kind"]> = new Set([
  "crash",
  "pause",
  "cutRabbit",
  "cutZooKeeper",
  "cutBoth",
  "expireSession",
  "switchover",
  "scale",
]);
const allBrokers = 0.3;

/** Some of the courses, changed; the others as they are. */
export function overHosts(course: Course, world: Pick<VirtualWorld, "random">): Course {
  const random = world.random("hosts of the course");
  const lastAtMs = Math.max(...course.faults.map(({ atMs }) => atMs));
  return lastAtMs < shortMs && random() < share ? changed(course, random) : course;
}

function changed(course: Course, random: () => number): Course {
  const faults = course.faults.map((fault) => ({ ...fault, strike: ofOneBroker(fault.strike, random) }));
  const dice = random();
  const struck =
    dice < 0.4
      ? oneAlone({ ...course, faults }, random)
      : dice < 0.65
        ? { ...course, faults: [...faults, ...twoTogether(course, random)] }
        : dice < 0.8
          ? oneComesBack({ ...course, faults }, random)
          : {
              ...course,
              faults: faults.map((fault) => (random() < 0.6 ? onHost(fault, course, random) : fault)),
            };
  return { ...struck, hosts };
}

const below = (n: number, random: () => number): number => Math.floor(random() * n);

function ofOneBroker(strike: Strike, random: () => number): Strike {
  if (strike.kind !== "restartBroker" && strike.kind !== "brokerDown") return strike;
  return random() < allBrokers ? strike : { ...strike, broker: below(hosts, random) };
}

/** While something is written, often. */
function amid({ operations }: Course, random: () => number): number {
  const operation = operations[below(operations.length, random)];
  return operation === undefined || random() < 0.3
    ? 3_000 + random() * 5_000
    : operation.atMs + random() * 80;
}

const strikeFor = (ms: number, random: () => number): HostStrike =>
  random() < 0.65 ? { kind: "loseHost", ms, lost: below(6, random) } : { kind: "cutHost", ms };

function targetOf(random: () => number): Fault["target"] {
  const dice = random();
  return dice < 0.5 ? "master" : dice < 0.75 ? below(4, random) : "controller";
}

const onHost = ({ step }: Fault, course: Course, random: () => number): Fault => ({
  target: targetOf(random),
  atMs: amid(course, random),
  ...(step === undefined ? {} : { step }),
  strike: strikeFor(500 + random() * 9_000, random),
});

/** What else strikes, so that it is over soon after the loss of a host. */
const elseBefore = (atMs: number, { faults }: Course): readonly Fault[] =>
  faults
    .filter(({ strike, onSuspects }) => harmless.has(strike.kind) && onSuspects !== true)
    .map(({ target, atMs: at, strike }) => ({
      target,
      atMs: Math.min(at, atMs + 1_000),
      strike: "ms" in strike ? { ...strike, ms: Math.min(strike.ms, elseWithinMs) } : strike,
    }));

/** One host is away for long, and the service must do without it. */
function oneAlone(course: Course, random: () => number): Course {
  const atMs = Math.max(4_000, amid(course, random));
  const others = elseBefore(atMs, course);
  const alone = { target: targetOf(random), atMs, strike: strikeFor(aloneForMs, random) };
  return { ...course, faults: [...others, alone], wholeAtMs: atMs + wholeWithinMs };
}

/** Two hosts are without power at the same moment. One comes back, and with it the service goes on: the other one stays away. */
function oneComesBack(course: Course, random: () => number): Course {
  const atMs = Math.max(4_000, amid(course, random));
  const backAfterMs = 500 + random() * 3_000;
  const first = below(hosts, random);
  const loss = (host: number, ms: number): Fault => ({
    target: 0,
    atMs,
    strike: { kind: "loseHost", ms, lost: 1 + below(5, random), host: host % hosts },
  });
  const two = [loss(first, backAfterMs + aloneForMs), loss(first + 1 + below(2, random), backAfterMs)];
  return {
    ...course,
    faults: [...elseBefore(atMs, course), ...two],
    wholeAtMs: atMs + backAfterMs + wholeWithinMs,
  };
}

/** A majority is away for a while: at the same moment, as when a room is without power, or one after the other. */
function twoTogether(course: Course, random: () => number): readonly Fault[] {
  const atMs = amid(course, random);
  if (random() < 0.5) {
    const first = below(hosts, random);
    const strike: Strike = { kind: "loseHost", ms: 500 + random() * 3_000, lost: 1 + below(5, random) };
    return [first, (first + 1) % hosts].map((host) => ({ target: 0, atMs, strike: { ...strike, host } }));
  }
  return [atMs, atMs + random() * 4_000].map((at) => ({
    target: targetOf(random),
    atMs: at,
    strike: strikeFor(1_000 + random() * 8_000, random),
  }));
}
