// What the tests of several hosts stand on: hosts that are simulated on this machine do what hosts do, and leave nothing behind.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { lines } from "../../tools/cluster/command.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import { Hosts } from "../../tools/hosts/hosts.ts";
import { leadingManager, makeSwarm } from "../../tools/hosts/swarm.ts";
import { whyNoHosts } from "../../tools/hosts/whether.ts";

const skip = whyNoHosts() ?? false;
const hosts = new Hosts({ name: "dbaas-testbed", network: "10.98.10" });
const soonMs = 30_000;
/** For an answer that is wanted, and for one that must not come. */
const answerSeconds = { wanted: 20, unwanted: 1 } as const;
const beatsPath = "/root/beats";
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("simulated hosts", { skip }, () => {
  before(async () => {
    await hosts.prepare();
    await hosts.down();
    await hosts.up(2);
  });

  after(() => hosts.down());

  const reaches = async (from: number, to: number, withinSeconds: number): Promise<boolean> => {
    const ask = `exec 3<>/dev/tcp/${hosts.addressOf(to)}/7946`;
    return hosts.run(from, "timeout", String(withinSeconds), "bash", "-c", ask).then(
      () => true,
      () => false,
    );
  };

  const becomes = (what: string, wanted: boolean, look: () => Promise<boolean>): Promise<boolean> =>
    until(what, soonMs, async () => {
      const seen = await look();
      return seen === wanted ? found(seen) : notYet(seen);
    });

  it("have an engine each, with the images", async () => {
    for (const host of [1, 2]) {
      const names = lines(await hosts.docker(host, "images", "--format", "{{.Repository}}"));
      assert.ok(names.includes("mini-dbaas"), `host ${host} has ${names}`);
    }
  });

  it("make a Swarm of managers", async () => {
    await makeSwarm(hosts, 2);
    assert.equal(await leadingManager(hosts, 2), 1);
  });

  it("do not hear each other while a link is cut", async () => {
    assert.equal(await reaches(2, 1, answerSeconds.wanted), true);
    await hosts.cutLink(1);
    assert.equal(await reaches(2, 1, answerSeconds.unwanted), false);
    await hosts.joinLink(1);
    await becomes("host 1 is reached again", true, () => reaches(2, 1, answerSeconds.wanted));
  });

  it("are late by what their link is slowed down by", async (t) => {
    if (!(await hosts.canSlow())) return t.skip("this kernel has no netem");
    await hosts.slow(1, 200);
    const began = performance.now();
    assert.equal(await reaches(2, 1, answerSeconds.wanted), true);
    assert.ok(performance.now() - began >= 200);
    await hosts.slow(1, 0);
  });

  it("do nothing while all their processes are frozen", async () => {
    await hosts.run(
      1,
      "bash",
      "-c",
      `nohup bash -c 'while sleep 0.05; do echo >>${beatsPath}; done' >/dev/null 2>&1 &`,
    );
    // Read from this machine: on the host nothing runs while it is frozen.
    const file = await hosts.seenFromHere(1, beatsPath);
    const beats = async () => (await readFile(file, "utf8").catch(() => "")).length;
    const beatsBeyond = (count: number) =>
      until("the host's clock beats", soonMs, async () => {
        const now = await beats();
        return now > count ? found(now) : notYet(now);
      });
    await beatsBeyond(0);
    await hosts.freezeAll(1);
    const last = await until("its processes have stopped", soonMs, async () => {
      const before = await beats();
      await pause(1_000);
      const now = await beats();
      return now === before ? found(now) : notYet({ before, now });
    });
    await pause(1_000);
    assert.equal(await beats(), last);
    await hosts.thawAll(1);
    await beatsBeyond(last);
  });

  it("keep their disks, and nothing that ran, over a power cut", async () => {
    await hosts.run(1, "bash", "-c", "echo kept >/root/kept; sync");
    await hosts.powerOff(1);
    await hosts.boot(1);
    assert.equal(await hosts.run(1, "cat", "/root/kept"), "kept\n");
    assert.equal((await hosts.run(1, "bash", "-c", "pgrep -c sleep || true")).trim(), "0");
  });

  it("leave nothing behind", async () => {
    await hosts.down();
    assert.deepEqual(await hosts.leftovers(), []);
  });
});
