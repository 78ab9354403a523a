// What people do to it: manifests, good and bad, and clients without manners.
import { rm } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { call } from "../../cluster/http.ts";
import { applyManifest, saveManifest, withFields } from "../../cluster/manifest.ts";
import { manifestDir, ports } from "../../cluster/settings.ts";
import { kill } from "../cluster/power.ts";
import { baseline } from "../manifest.ts";
import { aSlave, called, cast, type Fault, hold, type Scene } from "./fault.ts";

/** The manifest with that many slaves, whatever is read. */
export const slaves = async (count: number): Promise<string> => {
  const value = String(count);
  return withFields(await baseline(), { baseline: value, min: value, max: value });
};

const takenUpMs = 30_000;

/** While `work` is done another manifest holds, and afterwards the usual one, however it ended. */
export async function asking(manifest: string, work: () => Promise<void>): Promise<void> {
  try {
    await applyManifest(manifest, takenUpMs);
    await work();
  } finally {
    await applyManifest(await baseline(), takenUpMs);
  }
}

interface Scaling {
  readonly slavesAsked: number;
  /** After the manifest was taken up. */
  readonly killedWithinMs: number;
  /** How long the manifest holds after the kill. */
  readonly goesOnMs: number;
}

const killedWhileScaling =
  ({ slavesAsked, killedWithinMs, goesOnMs }: Scaling) =>
  async ({ strike, note, random }: Scene): Promise<void> =>
    asking(await slaves(slavesAsked), async () => {
      await sleep(random.between(0, killedWithinMs));
      const { master } = await cast();
      note(`${slavesAsked} slaves asked for, kill -9 ${called(master)}`);
      strike();
      await kill(master);
      await sleep(goesOnMs);
    });

const badManifests = [
  "this: is: no yaml",
  "apiVersion: dbaas.rideshare/v1\nkind: Database\nmetadata: { name: x }\nspec: { scaling: { min: 9, max: 1 } }\n",
  "apiVersion: dbaas.rideshare/v1\nkind: Database\nmetadata: { name: x }\nspec: { scalling: {} }\n",
  "",
] as const;

export const operators: readonly Fault[] = [
  {
    name: "scale-out",
    what: "one more slave is asked for, and the master dies while it comes; then it is asked for no more",
    run: killedWhileScaling({ slavesAsked: 4, killedWithinMs: 1_500, goesOnMs: 4_000 }),
  },
  {
    name: "scale-in",
    what: "one slave less is asked for, and the master dies while one leaves; then it is asked for again",
    run: killedWhileScaling({ slavesAsked: 2, killedWithinMs: 500, goesOnMs: 3_000 }),
  },
  {
    name: "bad-manifest",
    what: "the manifest is unreadable, wrong, empty or away, and a slave dies meanwhile",
    holdMs: [2_000, 4_000],
    run: async (scene) => {
      const good = await baseline();
      const bad = scene.random.pick([...badManifests, null]);
      try {
        if (bad === null) await rm(join(manifestDir, "dbaas.yaml"));
        else await saveManifest(bad);
        const slave = await aSlave(scene);
        scene.note(
          `${bad === null ? "no manifest" : `manifest ${JSON.stringify(bad.slice(0, 40))}`}, kill -9 ${called(slave)}`,
        );
        scene.strike();
        await kill(slave);
        await hold(scene);
      } finally {
        await saveManifest(good);
      }
    },
  },
  {
    name: "rude-clients",
    what: "clients that break off, dawdle, send far too much, or come all at once",
    run: async ({ strike, note }) => {
      strike();
      const socket = (text: string) =>
        new Promise<void>((resolve) => {
          const one = connect(ports.api, "127.0.0.1", () => one.write(text));
          one.on("error", () => resolve());
          one.on("close", () => resolve());
          setTimeout(() => one.destroy(), 1_500);
        });
      const head = "POST /api/v1/db/write HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
      const rude = Array.from({ length: 50 }, () => socket(`${head}Content-Length: 500\r\n\r\n{"op":`));
      const broken = Array.from({ length: 20 }, () => socket("\u0000\u0001nonsense\r\n\r\n"));
      const huge = call("POST", "/api/v1/db/write", { body: "x".repeat(10 * 2 ** 20) }).then(
        ({ status }) => status,
        () => 0,
      );
      const many = Array.from({ length: 1_000 }, () =>
        call("POST", "/api/v1/db/read", { body: { table: "ledger", limit: 1 } }).then(
          ({ status }) => status,
          () => 0,
        ),
      );
      const statuses = await Promise.all(many);
      const good = statuses.filter((status) => status === 200).length;
      note(`10 MiB: ${await huge}; 1000 reads at once: ${good} answered with 200`);
      await Promise.all([...rude, ...broken]);
    },
  },
];
