// What runs beside each of several brokers ends one whose start has failed for good, so that its container is started again.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { docker, lines } from "../../tools/cluster/command.ts";
import { rootDir } from "../../tools/cluster/settings.ts";
import { found, notYet, until } from "./until.ts";

const image = process.env.RABBITMQ_IMAGE ?? "rabbitmq:4-management";
const network = "dbaas-test-watch";
const brokers = ["dbaas-test-watch-1", "dbaas-test-watch-2", "dbaas-test-watch-3"] as const;
const [failed, stopped, serving] = brokers;
const startsMs = 120_000;
const endsMs = 120_000;

const watched = `bash /watch ${brokers.join(" ")} & exec docker-entrypoint.sh rabbitmq-server`;

async function remove(): Promise<void> {
  const left = lines(await docker("ps", "--all", "--quiet", "--filter", `network=${network}`));
  if (left.length > 0) await docker("rm", "--force", "--volumes", ...left);
  const networks = lines(await docker("network", "ls", "--quiet", "--filter", `name=^${network}$`));
  if (networks.length > 0) await docker("network", "rm", ...networks);
}

async function start(name: string): Promise<void> {
  const watch = `${join(rootDir, "deploy", "broker-watch.sh")}:/watch:ro`;
  const place = ["--name", name, "--hostname", name, "--network", network, "--user", "rabbitmq"];
  await docker("run", "--detach", ...place, "--volume", watch, "--entrypoint", "bash", image, "-c", watched);
}

const listens = (name: string) =>
  until(`${name} takes connections`, startsMs, () =>
    docker("exec", name, "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/5672").then(found, notYet),
  );

const ctl = (name: string, ...command: string[]): Promise<string> =>
  docker("exec", name, "docker-entrypoint.sh", "rabbitmqctl", "--quiet", ...command);

/** A file stands where its queues are to be kept. */
const spoil = (name: string): Promise<string> =>
  docker(
    "exec",
    name,
    "bash",
    "-c",
    'cd /var/lib/rabbitmq/mnesia/"rabbit@$0" && mv quorum away && touch quorum',
    name,
  );

const isRunning = async (name: string): Promise<boolean> =>
  (await docker("inspect", "--format", "{{.State.Running}}", name)).trim() === "true";

describe("the watch beside a broker", () => {
  before(async () => {
    await remove();
    await docker("network", "create", network);
    await Promise.all(brokers.map(start));
    await Promise.all(brokers.map(listens));
  });

  after(remove);

  it("ends it when its start has failed while another one serves, and not when somebody has stopped it", async () => {
    await ctl(stopped, "stop_app");
    await ctl(failed, "stop_app");
    await spoil(failed);
    await assert.rejects(ctl(failed, "start_app"));
    await until("the broker has ended", endsMs, async () =>
      (await isRunning(failed)) ? notYet("it runs") : found(true),
    );
    assert.match(await docker("logs", failed), /broker-watch: .*; ending the broker: its start has failed/);
    // It was looked at as often, and is without connections for longer.
    assert.equal(await isRunning(stopped), true);
    assert.equal(await isRunning(serving), true);
  });
});
