// What the five containers and the processes in them may do to the machine that they run on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { docker } from "../../tools/cluster/command.ts";
import { cluster, containers } from "../../tools/cluster/settings.ts";
import { workers } from "../../tools/cluster/workers.ts";
import { useCluster } from "../support/cluster.ts";

useCluster();

interface Inspected {
  readonly Name: string;
  readonly Config: { readonly User: string };
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly Privileged: boolean;
    readonly CapDrop: readonly string[] | null;
    readonly CapAdd: readonly string[] | null;
    readonly SecurityOpt: readonly string[] | null;
    readonly Memory: number;
    readonly PidsLimit: number | null;
    readonly PidMode: string;
    readonly IpcMode: string;
    readonly NetworkMode: string;
    readonly PortBindings: Readonly<
      Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[]>
    > | null;
  };
}

async function inspected(): Promise<readonly Inspected[]> {
  const names = [
    ...Object.values(containers),
    ...(await workers()).map(({ containerName }) => containerName),
  ];
  assert.equal(names.length, 5);
  return JSON.parse(await docker("inspect", ...names)) as readonly Inspected[];
}

const isOrchestrator = (name: string): boolean => name === `/${containers.orchestrator}`;

test("all five containers are on a read-only system, within limits, and without root and rights but for what becomes others", async () => {
  for (const { Name, Config, HostConfig } of await inspected()) {
    const added = (HostConfig.CapAdd ?? []).map((right) => right.replace("CAP_", "")).sort();
    // To start the API and the controller as users of their own, and to end them.
    assert.deepEqual(added, isOrchestrator(Name) ? ["KILL", "SETGID", "SETUID"] : [], Name);
    assert.match(Config.User, isOrchestrator(Name) ? /^root$/ : /^(node|rabbitmq|zookeeper)$/, Name);
    assert.equal(HostConfig.ReadonlyRootfs, true, Name);
    assert.equal(HostConfig.Privileged, false, Name);
    assert.deepEqual(HostConfig.CapDrop, ["ALL"], Name);
    assert.ok(
      HostConfig.SecurityOpt?.some((one) => one.startsWith("no-new-privileges")),
      Name,
    );
    assert.ok(HostConfig.Memory > 0 && HostConfig.Memory <= 1024 ** 3, Name);
    assert.ok((HostConfig.PidsLimit ?? 0) > 0 && (HostConfig.PidsLimit ?? 0) <= 1_024, Name);
    assert.ok(HostConfig.PidMode !== "host" && HostConfig.IpcMode !== "host", Name);
    assert.equal(HostConfig.NetworkMode, `${cluster}-net`, Name);
  }
});

/**
 * Of every process in a container: its command, and what its status says. Health checks come and go: what has ended meanwhile is left
 * out, and the runtime's own first step into the container (`runc init`) is looked at again once it has become what was asked for.
 */
const everyProcess = `cd /proc; for one in [0-9]*; do
  while :; do
    command=$(tr '\\0\\n' '  ' <$one/cmdline) status=$(grep -E '^(Uid|CapPrm|CapEff|CapAmb|NoNewPrivs):' $one/status)
    [ -n "$status" ] || continue 2
    case $command in 'runc init '*) continue ;; esac
    break
  done 2>/dev/null
  printf 'command: %s\\n%s\\n' "$command" "$status"
done; touch /probe 2>&1; true`;

test("every process in them runs without root and without rights, but for the two that start the API and the controller", async () => {
  for (const { Name, Config } of await inspected()) {
    const user = isOrchestrator(Name) ? "node" : Config.User;
    const said = await docker("exec", "--user", user, Name.slice(1), "sh", "-c", everyProcess);
    assert.match(said, /Read-only file system/, Name);
    const processes = said.split(/^command: /m).slice(1);
    const isStarter = (process: string) => /^(\S*docker-init -- )?node orchestrator\/main\.ts /.test(process);
    const starters = processes.filter(isStarter);
    assert.equal(starters.length, isOrchestrator(Name) ? 2 : 0, Name);
    for (const process of starters) assert.match(process, /^CapEff:\s0+e0$/m);
    for (const process of processes.filter((one) => !isStarter(one))) {
      assert.doesNotMatch(process, /^Uid:.*\b0\b/m, Name);
      assert.equal(process.match(/^Cap(Prm|Eff|Amb):\s0+$/gm)?.length, 3, `${Name}: ${process}`);
    }
    for (const process of processes) assert.match(process, /^NoNewPrivs:\s1$/m, `${Name}: ${process}`);
  }
});

test("only the API is published to others than this machine", async () => {
  for (const { Name, HostConfig } of await inspected())
    for (const [port, bindings] of Object.entries(HostConfig.PortBindings ?? {}))
      for (const { HostIp } of bindings)
        if (Name !== `/${containers.orchestrator}`) assert.equal(HostIp, "127.0.0.1", `${Name} ${port}`);
});
