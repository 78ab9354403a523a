// Clients create users and rides while masters and slaves are killed under them. Afterwards everything that was answered
// with 201 is there, once, and nothing that was written refers to somebody who is not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  call,
  clear,
  newName,
  password,
  rideBody,
  search,
  usernames,
  type World,
} from "../unit/rideshare/contract/client.ts";

export interface CrashableWorld extends World {
  readonly service: () => URL;
}

const clients = 6;
const kills = ["master", "slave", "master", "master", "slave"] as const;
const recoveryMs = 90_000;
/** Each client rides between two places of its own, so that its rides are found again. */
const routeOf = (client: number) => ({ source: client + 1, destination: client + 101 });

interface Story {
  readonly users: string[];
  readonly riders: string[];
  readonly odd: string[];
}

/** Everything a client may see in the meantime is success or "not now": never a refusal of what is right. */
async function create(world: World, story: Story, client: number): Promise<void> {
  const username = newName(`client-${client}`);
  const put = await call(world.rideshare(), "PUT", "/api/v1/users", { username, password });
  if (put.status !== 201 && put.status !== 503) story.odd.push(`user: ${put.status}`);
  if (put.status !== 201) return;
  story.users.push(username);
  const post = await call(world.rideshare(), "POST", "/api/v1/rides", rideBody(username, routeOf(client)));
  if (post.status !== 201 && post.status !== 503) story.odd.push(`ride: ${post.status}`);
  if (post.status === 201) story.riders.push(username);
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + recoveryMs;
  while (!(await condition())) {
    if (Date.now() > deadline) assert.fail(`not within ${recoveryMs} ms: ${what}`);
    await sleep(250);
  }
}

async function kill(world: CrashableWorld, whom: "master" | "slave"): Promise<void> {
  let killed: unknown;
  await until(`there is a ${whom} to kill`, async () => {
    const answer = await call(world.service(), "POST", `/api/v1/crash/${whom}`);
    killed = answer.body;
    return answer.status === 200;
  });
  await until(`the killed ${whom} is replaced`, async () => {
    const { status, body } = await call(world.service(), "GET", "/api/v1/worker/list");
    const pids = status === 200 ? (body as number[]) : [];
    return pids.length >= 2 && !pids.includes((killed as number[])[0] ?? -1);
  });
}

export function survivalContract(world: CrashableWorld): void {
  test(`no user and no ride is lost, doubled or orphaned while workers are killed: ${kills.join(", ")}`, async () => {
    await clear(world);
    const story: Story = { users: [], riders: [], odd: [] };
    let killing = true;
    const busy = async (client: number) => {
      while (killing) await create(world, story, client);
    };
    const working = Promise.all(Array.from({ length: clients }, (_, client) => busy(client)));
    try {
      for (const whom of kills) await kill(world, whom);
    } finally {
      killing = false;
      await working;
    }
    assert.deepEqual(story.odd, [], "answers that are neither 201 nor 503");
    assert.ok(story.riders.length > clients, "clients got on with their work");
    await assertNothingLost(world, story);
  });
}

async function assertNothingLost(world: World, story: Story): Promise<void> {
  const present = new Set(await usernames(world));
  assert.deepEqual(
    story.users.filter((username) => !present.has(username)),
    [],
    "lost users",
  );
  const creators: string[] = [];
  for (let client = 0; client < clients; client++) {
    const { source, destination } = routeOf(client);
    creators.push(...(await search(world, source, destination)).map((ride) => ride.username));
  }
  const unique = new Set(creators);
  assert.equal(unique.size, creators.length, "no ride was created twice");
  assert.deepEqual(
    story.riders.filter((username) => !unique.has(username)),
    [],
    "lost rides",
  );
  assert.deepEqual(
    creators.filter((username) => !present.has(username)),
    [],
    "rides of nobody",
  );
}
