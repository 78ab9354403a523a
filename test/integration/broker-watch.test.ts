// What runs beside each of several brokers ends one that does not get well by itself, so that its container is started again. Here nobody
// starts it: a broker that was ended stays so. A copy of a stream that it ends is started by the brokers.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connect } from "amqplib";
import { parse } from "yaml";
import { docker, lines } from "../../tools/cluster/command.ts";
import { rootDir } from "../../tools/cluster/settings.ts";
import { found, notYet, until } from "./until.ts";

const image = process.env.RABBITMQ_IMAGE ?? "rabbitmq:4-management";
const network = "dbaas-test-watch";
const hosts = ["rabbitmq-1", "rabbitmq-2", "rabbitmq-3"] as const;
const containerOf = (host: string): string => `${network}-${host}`;
const startsMs = 120_000;
const endsMs = 240_000;
const cookie = join(tmpdir(), `${network}-cookie`);

interface Stack {
  readonly services: { readonly rabbitmq: { readonly entrypoint: readonly [string, ...string[]] } };
}

/** What a broker's container runs. */
const stack = parse(readFileSync(join(rootDir, "deploy", "stack.yml"), "utf8")) as Stack;
const [shell, ...command] = stack.services.rabbitmq.entrypoint;

const mounted: readonly [file: string, at: string][] = [
  ["broker-watch.sh", "/etc/rabbitmq/dbaas_watch"],
  ["rabbitmq.conf", "/etc/rabbitmq/conf.d/20-dbaas.conf"],
  ["rabbitmq-swarm.conf", "/etc/rabbitmq/conf.d/21-dbaas.conf"],
  ["rabbitmq-plugins", "/etc/rabbitmq/dbaas_plugins"],
];

async function remove(): Promise<void> {
  const left = lines(await docker("ps", "--all", "--quiet", "--filter", `network=${network}`));
  if (left.length > 0) await docker("rm", "--force", "--volumes", ...left);
  const networks = lines(await docker("network", "ls", "--quiet", "--filter", `name=^${network}$`));
  if (networks.length > 0) await docker("network", "rm", ...networks);
}

async function start(host: string): Promise<void> {
  const files = mounted.map(([file, at]) => [join(rootDir, "deploy", file), at] as const);
  const volumes = [...files, [cookie, "/run/secrets/cookie"]].flatMap((one) => [
    "--volume",
    `${one.join(":")}:ro`,
  ]);
  const names = ["--name", containerOf(host), "--hostname", host, "--network-alias", host];
  const environment = {
    RABBITMQ_NODENAME: `rabbit@${host}`,
    RABBITMQ_LOG_BASE: "/tmp",
    RABBITMQ_ENABLED_PLUGINS_FILE: "/etc/rabbitmq/dbaas_plugins",
  };
  const variables = Object.entries(environment).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
  const place = ["--network", network, "--user", "rabbitmq", "--entrypoint", shell];
  await docker("run", "--detach", ...names, ...place, ...volumes, ...variables, image, ...command);
}

const ctl = (host: string, ...words: string[]): Promise<string> =>
  docker("exec", containerOf(host), "docker-entrypoint.sh", "rabbitmqctl", "--quiet", ...words);

const evaluated = async (host: string, expression: string): Promise<string> =>
  (await ctl(host, "eval", expression)).trim();

const seesRunning = (host: string, count: number) =>
  until(`${host} sees ${count} brokers`, startsMs, () =>
    ctl(host, "cluster_status", "--formatter", "json").then((status) => {
      const { running_nodes: running } = JSON.parse(status) as { readonly running_nodes: readonly string[] };
      return running.length === count ? found(true) : notYet(running);
    }, notYet),
  );

const areTogether = () => Promise.all(hosts.map((host) => seesRunning(host, hosts.length)));

/** A file stands where its queues are to be kept. */
const spoil = `cd "/var/lib/rabbitmq/mnesia/$RABBITMQ_NODENAME" && mv quorum away && touch quorum`;

/** As one that is back before it knows that it was away: else it may stop and start by itself, which is no matter for the watch. */
const stayApart = "application:set_env(rabbit, cluster_partition_handling, ignore).";

/** Nobody greets a node twice: what waits for a greeting of it then waits for ever. */
const forgetGreetings = "sys:replace_state(global_name_server, fun(State) -> setelement(4, State, []) end).";

const isRunning = async (host: string): Promise<boolean> =>
  (await docker("inspect", "--format", "{{.State.Running}}", containerOf(host))).trim() === "true";

/** What the one of them that keeps count of copies is told where it alone does not hear a copy's broker for a while. */
const takeForDisconnected = `
  [{_, Copy, _, _}] = supervisor:which_children(osiris_server_sup),
  [{ok, _, _} = ra:process_command({rabbit_stream_coordinator, node()}, Told) ||
    Told <- [{down, Copy, noconnection}, {nodeup, node()}]].`;

const stream = { durable: true, arguments: { "x-queue-type": "stream" } } as const;

/** A connection to the broker of one host, from outside of its network. */
async function connected(host: string) {
  const format = `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`;
  const address = (await docker("inspect", "--format", format, containerOf(host))).trim();
  const model = await connect(`amqp://watch:watch@${address}`);
  model.on("error", () => undefined);
  return model;
}

/** @returns why the broker does not give the log, or null */
async function refusal(host: string): Promise<string | null> {
  const model = await connected(host);
  try {
    const channel = await model.createChannel();
    channel.on("error", () => undefined);
    await channel.prefetch(1);
    await channel.consume("syncQ", () => undefined, { arguments: { "x-stream-offset": "first" } });
    return null;
  } catch (error) {
    return String(error);
  } finally {
    await model.close();
  }
}

const givesTheLog = (host: string, withinMs: number) =>
  until(`the broker of ${host} gives its copy of the log`, withinMs, async () => {
    const why = await refusal(host);
    return why === null ? found(true) : notYet(why);
  });

async function ends(host: string, why: RegExp): Promise<void> {
  await until(`the broker of ${host} has ended`, endsMs, async () =>
    (await isRunning(host)) ? notYet(await docker("logs", "--tail", "3", containerOf(host))) : found(true),
  );
  assert.match(await docker("logs", containerOf(host)), why);
}

describe("the watch beside a broker", () => {
  before(async () => {
    await writeFile(cookie, "the-same-for-all", { mode: 0o644 });
    await remove();
  });
  after(async () => {
    await remove();
    await rm(cookie, { force: true });
  });

  // Others are stopped or ended in each of these, so each begins with all of them anew.
  const withBrokers = async (work: () => Promise<void>) => {
    await remove();
    await docker("network", "create", network);
    await Promise.all(hosts.map(start));
    await areTogether();
    await work();
  };

  it("ends it when its start has failed while another one serves, and not when somebody has stopped it", () =>
    withBrokers(async () => {
      // The one that was stopped comes first: it has been looked at twice by the time that the other one has.
      const [stopped, serving, failed] = hosts;
      await ctl(stopped, "stop_app");
      await ctl(failed, "stop_app");
      await docker("exec", containerOf(failed), "bash", "-c", spoil);
      await assert.rejects(ctl(failed, "start_app"));
      await ends(failed, /broker-watch: ending the broker: .*: its start has failed/);
      assert.equal(await isRunning(stopped), true);
      assert.equal(await isRunning(serving), true);
    }));

  it("ends it when its start waits for a greeting of the others that does not end", () =>
    withBrokers(async () => {
      const [greeting, ...others] = hosts;
      await ctl(greeting, "stop_app");
      await evaluated(greeting, forgetGreetings);
      const started = ctl(greeting, "start_app").catch(String);
      await ends(greeting, /broker-watch: ending the broker: .*: its greeting of the others does not end/);
      await started;
      for (const host of others) assert.equal(await isRunning(host), true);
    }));

  it("ends it when it stood still and the others took it for lost, and none of them", () =>
    withBrokers(async () => {
      const [one, apart, other] = hosts;
      await evaluated(apart, stayApart);
      await docker("pause", containerOf(apart));
      await Promise.all([one, other].map((host) => seesRunning(host, 2)));
      await docker("unpause", containerOf(apart));
      const told = await until("the tables of all brokers are together", endsMs, async () => {
        if (!(await isRunning(apart))) await docker("start", containerOf(apart));
        const said = await docker("logs", containerOf(apart));
        const split = await Promise.all(
          hosts.map((host) => evaluated(host, "rabbit_node_monitor:partitions().").catch(String)),
        );
        const isOver = said.includes("ending the broker") && split.every((none) => none === "[]");
        return isOver ? found(said) : notYet(split);
      });
      await areTogether();
      assert.match(told, /ending the broker: its tables of queues are apart from those of 2 others/);
      for (const host of [one, other])
        assert.doesNotMatch(await docker("logs", containerOf(host)), /ending the broker/);
    }));

  it("ends its copy of the log that the brokers take for disconnected though it runs, and no broker", () =>
    withBrokers(async () => {
      const [leading, following] = hosts;
      await ctl(leading, "add_user", "watch", "watch");
      await ctl(leading, "set_permissions", "watch", ".*", ".*", ".*");
      const model = await connected(leading);
      const channel = await model.createChannel();
      await channel.assertQueue("syncQ", stream);
      await model.close();
      await givesTheLog(following, startsMs);
      await evaluated(following, takeForDisconnected);
      assert.match((await refusal(following)) ?? "given", /does not have a (running )?replica on/);
      await givesTheLog(following, endsMs);
      assert.match(await docker("logs", containerOf(following)), /broker-watch: ending its copy of a stream/);
      for (const host of hosts)
        assert.doesNotMatch(await docker("logs", containerOf(host)), /ending the broker/);
    }));
});
