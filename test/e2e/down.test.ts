// Taking the cluster down: everything it made goes and nothing else; the data goes only when asked for. In between it is
// brought up once more, with a collector of traces. Runs last.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dbaas, docker, lines } from "../../tools/cluster/command.ts";
import { equalCopies, everyWorkerHas } from "../../tools/cluster/copies.ts";
import { call } from "../../tools/cluster/http.ts";
import { closeRegistry } from "../../tools/cluster/registry.ts";
import { cluster, containers } from "../../tools/cluster/settings.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import { ensureUp, settled, useCluster } from "../support/cluster.ts";
import { type CollectedSpan, Collector } from "../support/collector.ts";
import { insertUsers } from "../support/database.ts";

/** Not of the cluster: one has nothing to do with it, the other only claims to. */
const bystanders = {
  "bystander-by-chance": "purpose=none",
  "bystander-with-our-label": `dbaas.cluster=${cluster}`,
};

let collector: Collector;

interface Network {
  readonly IPAM: { readonly Config: readonly { readonly Subnet: string; readonly Gateway?: string }[] };
}

/** This machine's own address there. An engine that has just made the network does not name it: it is the first one. */
function hostIn(network: Network | undefined): string {
  const [config] = network?.IPAM.Config ?? [];
  assert.ok(config !== undefined, "the engine's own network has no addresses");
  return config.Gateway ?? config.Subnet.replace(/\d+\/\d+$/, "1");
}

useCluster({
  ready: async () => {
    // Containers reach the engine's own network on this machine, whichever network they are in.
    const [network] = JSON.parse(await docker("network", "inspect", "bridge")) as readonly Network[];
    collector = await Collector.start(hostIn(network));
  },
  afterwards: async () => {
    await collector.stop();
    await docker("rm", "--force", ...Object.keys(bystanders));
  },
  leaveAsItIs: true,
});

const named = async (what: "container" | "volume" | "network"): Promise<readonly string[]> => {
  const all =
    what === "container" ? ["ps", "--all", "--format", "{{.Names}}"] : [what, "ls", "--format", "{{.Name}}"];
  return lines(await docker(...all)).filter((name) => name.startsWith(`${cluster}-`));
};

test("down removes the containers and the network and keeps the volumes; up then has all data again", async () => {
  await settled();
  await insertUsers("before-down");
  for (const [name, label] of Object.entries(bystanders))
    await docker(
      "run",
      "--detach",
      "--name",
      name,
      "--label",
      label,
      "--entrypoint",
      "sleep",
      await workerImage(),
      "600",
    );
  const volumes = await named("volume");
  await closeRegistry();
  await dbaas("down");
  assert.deepEqual(await named("container"), []);
  assert.deepEqual(await named("network"), []);
  assert.deepEqual(await named("volume"), volumes);

  await ensureUp({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint });
  await settled();
  await everyWorkerHas("SELECT username FROM users WHERE username = 'before-down'", [
    { username: "before-down" },
  ]);
  await equalCopies();
});

test("a cluster that was brought up with a collector's address sends it traces from all its programs", async () => {
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
  const body = { op: "insert", table: "users", rows: [{ username: "traced", password: "b".repeat(40) }] };
  assert.equal((await call("POST", "/api/v1/db/write", { headers, body })).status, 200);
  const parts = ["dbaas-api publish writeQ", "dbaas-worker commit", "dbaas-worker apply syncQ"];
  const ofCycles = "dbaas-controller reconcile";
  await until("spans of every program", 30_000, async () => {
    const named = ({ service, name }: CollectedSpan): string => `${service} ${name}`;
    const ofTrace = collector.spans.filter((span) => span.traceId === traceId).map(named);
    const complete = parts.every((part) => ofTrace.includes(part));
    const reconciled = collector.spans.some((span) => named(span) === ofCycles);
    return complete && reconciled ? found(true) : notYet({ ofTrace, reconciled });
  });
});

test("down --volumes leaves nothing of the cluster, and containers that are not of it go on", async () => {
  await closeRegistry();
  await dbaas("down", "--volumes");
  assert.deepEqual(await named("container"), []);
  assert.deepEqual(await named("network"), []);
  assert.deepEqual(await named("volume"), []);
  for (const name of Object.keys(bystanders))
    assert.equal((await docker("inspect", "--format", "{{.State.Running}}", name)).trim(), "true", name);
});

const workerImage = async (): Promise<string> =>
  (await docker("inspect", "--format", "{{.Config.Image}}", containers.orchestrator)).trim();
