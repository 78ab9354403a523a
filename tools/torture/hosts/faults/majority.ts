// More than one host is lost: the service must stop, take nothing, and go on by itself.
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../../../core/errors.ts";
import { call } from "../../../cluster/http.ts";
import { found, notYet, until } from "../../../cluster/until.ts";
import { joinSwarm, leaveForGood } from "../../../hosts/swarm.ts";
import { attemptAt, isSuccess, troubleIn } from "../../clients/attempt.ts";
import { type Fault, hold, type Scene } from "../../faults/fault.ts";
import { apis } from "../apis.ts";
import { leadersNow } from "../leaders.ts";
import { inWords } from "../roles.ts";
import {
  disturbances,
  goneForGood,
  type HostNumber,
  hostNumbers,
  hosts,
  withoutLink,
  withoutPower,
} from "../testbed.ts";
import { called, cast, kill, workers } from "../workers.ts";
import { strikeHost, struckBy } from "./scene.ts";

const healsWithinMs = 180_000;
/** What was under way when the majority went may still be acknowledged. */
const stopsWithinMs = 10_000;

type Away = (host: HostNumber, meanwhile: () => Promise<unknown>) => Promise<void>;

/** The one that is left must take no write, answer that it does not, and say why: whether it is ready, and to its operator. */
async function takesNothing({ violate, note }: Scene, host: HostNumber): Promise<void> {
  const port = apis.portOf(host);
  const row = { op: `alone-${performance.now()}`, part: 0, client: "nemesis" };
  const made = await attemptAt(port, "/api/v1/db/write", { op: "insert", table: "ledger", row });
  const told = `host ${host} alone: ${troubleIn(made)}`;
  if (made.kind === "answered" && isSuccess(made.answer))
    violate("a write was acknowledged without a majority of hosts", told);
  else if (made.kind === "hung") violate("a request hung without a majority of hosts", told);
  else note(told);
  const ready = await call("GET", "/readyz", { port });
  const why = `host ${host} alone: ${ready.status} ${ready.text}`;
  if (ready.status === 503 && ready.text.includes(reason)) note(why);
  else violate("a host that is left does not say why the service stops", why);
  const shown = await hosts.dbaas(host, "status").catch(messageOf);
  if (!shown.includes(reason)) violate("./dbaas status does not say why the service stops", shown);
}

const reason = "2 of 3 are needed";

async function twoAway(scene: Scene, how: string, away: Away): Promise<void> {
  scene.note(inWords(await leadersNow()));
  const [left, first, last] = scene.random.shuffled(hostNumbers) as [HostNumber, HostNumber, HostNumber];
  scene.note(`hosts ${first} and ${last} go; host ${first} comes back first`);
  scene.strike("other", [`two hosts ${how}, until one is back`]);
  await away(last, async () => {
    await away(first, async () => {
      await sleep(stopsWithinMs);
      await takesNothing(scene, left);
      await hold(scene);
    });
    scene.strike("other", [`two hosts ${how}, from the return of one`]);
    await writesGoOn();
  });
  scene.back();
}

const goesOnMs = 120_000;

const writesGoOn = (): Promise<boolean> =>
  until("a write is acknowledged", goesOnMs, async () => {
    const row = { n: -1_000, filling: String(performance.now()) };
    const made = await attemptAt(apis.somePort(), "/api/v1/db/write", {
      op: "upsert",
      table: "ballast",
      row,
    });
    return made.kind === "answered" && isSuccess(made.answer) ? found(true) : notYet(made);
  });

const replacedWithinMs = 180_000;

/** Its workers are made up for on the others, the note says after how long; and a new host takes its place by the commands of the documents. */
async function replaced(scene: Scene): Promise<void> {
  const { all } = await cast();
  const struck = await struckBy("master", scene);
  const left = hostNumbers.find((host) => host !== struck.host) ?? struck.host;
  scene.note(`host ${struck.host} is gone for good`);
  strikeHost(scene, "host without power, replaced", struck);
  await goneForGood(struck.host, async () => {
    const sinceMs = performance.now();
    try {
      const there = await until(
        "as many workers as desired serve on the others",
        replacedWithinMs,
        async () => {
          const seen = (await workers()).filter(({ state }) => state === "master" || state === "slave");
          return seen.length === all.length
            ? found(seen)
            : notYet(seen.map((one) => `${called(one)} ${one.state}`));
        },
      );
      const seconds = Math.round((performance.now() - sinceMs) / 1_000);
      scene.note(`made up for after ${seconds} s: ${called(...there)}`);
    } catch (error) {
      scene.violate(
        "a host that stays away is not made up for",
        error instanceof Error ? error.message : String(error),
      );
    }
    await leaveForGood(hosts, struck.host, left);
    await hold(scene);
  });
  await joinSwarm(hosts, struck.host, left);
  scene.note(`a new host ${struck.host} joins`);
  scene.back();
  await hosts.dbaas(left, "up", "--swarm");
}

/** The engines of two hosts stand still, so no manager answers: what runs goes on, and is followed when it dies. */
async function withoutManagers(scene: Scene): Promise<void> {
  const { master } = await cast();
  const others = hostNumbers.filter((host) => host !== master.host);
  const signal = (name: string) =>
    Promise.all(others.map((host) => hosts.run(host, "pkill", `-${name}`, "-x", "dockerd")));
  const over = others.map((host) => disturbances.begin(host, "disturbed"));
  await signal("STOP");
  try {
    await sleep(1_000);
    scene.note(`no manager; kill -9 ${called(master)}`);
    scene.strike("killed master", ["managers without a majority: master killed"]);
    await kill(master);
    await hold(scene);
  } finally {
    await signal("CONT");
    for (const end of over) end();
    scene.back();
  }
}

export const majority: readonly Fault[] = [
  {
    name: "power-cut-two-hosts",
    what: "two of three hosts lose their power: the service stops, and goes on when one is back",
    holdMs: [5_000, 15_000],
    healsWithinMs,
    run: (scene) => twoAway(scene, "without power", withoutPower),
  },
  {
    name: "cut-off-two-hosts",
    what: "no host hears another: the service stops, and goes on when two do",
    holdMs: [5_000, 15_000],
    healsWithinMs,
    run: (scene) => twoAway(scene, "cut off", withoutLink),
  },
  {
    name: "power-cut-all-hosts",
    what: "all hosts lose their power at once",
    holdMs: [1_000, 5_000],
    healsWithinMs,
    run: async (scene) => {
      scene.strike("other", ["all hosts without power"]);
      const [one, two, three] = hostNumbers;
      await withoutPower(one, () => withoutPower(two, () => withoutPower(three, () => hold(scene))));
      scene.strike("other", ["all hosts without power, from their return"]);
      scene.back();
    },
  },
  {
    name: "replace-host",
    what: "the host with the master loses its power for good, and a new one takes its place",
    holdMs: [1_000, 5_000],
    healsWithinMs,
    run: replaced,
  },
  {
    name: "managers-without-majority",
    what: "the engines of two hosts stand still and no manager answers, while the master dies",
    holdMs: [5_000, 12_000],
    healsWithinMs,
    run: withoutManagers,
  },
];
