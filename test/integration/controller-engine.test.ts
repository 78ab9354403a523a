import assert from "node:assert/strict";
import { once } from "node:events";
import { hostname } from "node:os";
import { after, describe, it } from "node:test";
import { DockerEngine, uidOnEngine } from "../../controller/engines/docker/docker-engine.ts";
import { workerContainer } from "../../controller/engines/worker-container.ts";
import { labels } from "../../controller/names.ts";
import type { ContainerSeen, EngineEvent } from "../../controller/ports.ts";
import { TerminalError, TransientError } from "../../core/errors.ts";
import { docker, pidOf, removeCluster, workerImage } from "./controller-containers.ts";
import { uniqueCluster } from "./services.ts";

const socketPath = "/var/run/docker.sock";

describe("DockerEngine on a real engine", () => {
  const cluster = uniqueCluster();
  const uid = "uid-1";
  const image = workerImage();
  const engine = new DockerEngine({ socketPath, cluster, uid, image, self: "no-container" });
  const spec = { memoryBytes: 128 * 2 ** 20, pidsMax: 64, readyWithinMs: 1, drainWithinMs: 1 };

  const wanted = (worker: string, image = workerImage()) => ({
    ...workerContainer({ cluster, uid, image, network: "bridge", environment: { SOME: "thing" } }, spec, {
      worker,
      host: hostname(),
      image: null,
    }),
    command: ["sleep", "600"],
  });
  const run = async (worker: string): Promise<{ readonly id: string; readonly pid: number }> => {
    await engine.claimVolume(wanted(worker));
    const id = await engine.create(wanted(worker));
    return engine.start(id);
  };
  const seen = async (id: string): Promise<ContainerSeen | undefined> =>
    (await engine.view()).ours.find((one) => one.id === id);
  const targetOf = (worker: string, { id, pid }: { readonly id: string; readonly pid: number }) => ({
    worker,
    host: hostname(),
    id,
    pid,
    container: id.slice(0, 12),
  });

  const refOf = (worker: string, { id }: { readonly id: string }) => ({ worker, host: hostname(), id });

  after(() => removeCluster(cluster));

  it("starts a container, and sees it with its pid on the host", async () => {
    const made = await run("w-1");
    const view = await seen(made.id);
    assert.equal(view?.state, "running");
    assert.equal(view?.worker, "w-1");
    assert.equal(view?.pid, made.pid);
    assert.equal(made.pid, await pidOf(`${cluster}-w-1`));
    assert.equal(view?.shortId, await docker("exec", `${cluster}-w-1`, "hostname"));
  });

  it("tells by its id which image workers shall run from, and the one it runs from itself before any later build", async () => {
    const idOf = (what: string, format: string) => docker("inspect", "--format", format, what);
    assert.equal((await engine.view()).hosts[0]?.image, await idOf(image, "{{.Id}}"));
    const inside = new DockerEngine({ socketPath, cluster, uid, image, self: `${cluster}-w-1` });
    assert.equal((await inside.view()).hosts[0]?.image, await idOf(`${cluster}-w-1`, "{{.Image}}"));
    const nowhere = new DockerEngine({
      socketPath,
      cluster,
      uid,
      image: "no-such-image",
      self: "no-container",
    });
    assert.equal((await nowhere.view()).hosts[0]?.image, null);
  });

  it("gives it no more rights than it needs, and bounds", async () => {
    const { HostConfig, Config } = JSON.parse(
      await docker("inspect", "--format", "{{json .}}", `${cluster}-w-1`),
    );
    assert.equal(HostConfig.ReadonlyRootfs, true);
    assert.deepEqual(HostConfig.CapDrop, ["ALL"]);
    assert.deepEqual(HostConfig.SecurityOpt, ["no-new-privileges"]);
    assert.equal(HostConfig.Memory, spec.memoryBytes);
    assert.equal(HostConfig.PidsLimit, spec.pidsMax);
    assert.equal(HostConfig.Init, true);
    assert.ok(["", "no"].includes(HostConfig.RestartPolicy.Name));
    assert.notEqual(Config.User, "");
    assert.notEqual(await docker("exec", `${cluster}-w-1`, "id", "-u"), "0");
    assert.equal(Config.Labels[labels.uid], uid);
    await docker(
      "exec",
      `${cluster}-w-1`,
      "sh",
      "-c",
      "echo kept > /data/mark && ! touch /app/mark 2>/dev/null",
    );
  });

  it("does not make a second container of one name", async () => {
    await assert.rejects(engine.create(wanted("w-1")), TransientError);
  });

  it("sees the new pid of a container that was restarted by hand", async () => {
    const before = (await engine.view()).ours[0];
    await docker("restart", "--time", "0", `${cluster}-w-1`);
    const now = (await engine.view()).ours[0];
    assert.equal(now?.id, before?.id);
    assert.notEqual(now?.pid, before?.pid);
    assert.equal(now?.pid, await pidOf(`${cluster}-w-1`));
  });

  it("kills the process that was meant, and no other", async () => {
    const [container] = (await engine.view()).ours;
    assert.ok(container);
    const target = targetOf("w-1", container);
    await assert.rejects(engine.kill({ ...target, pid: container.pid + 1 }, "SIGKILL"), TransientError);
    assert.equal((await seen(container.id))?.state, "running");
    await engine.kill(target, "SIGKILL");
    await docker("wait", `${cluster}-w-1`);
    const dead = await seen(container.id);
    assert.equal(dead?.state, "dead");
    assert.equal(dead?.ending, "killed");
    assert.equal(dead?.endedWith, "exit code 137");
    assert.equal(dead?.pid, 0);
    assert.ok(Date.now() - (dead?.finishedAtMs ?? 0) < 60_000);
    await assert.rejects(engine.kill(target, "SIGKILL"), TransientError);
  });

  it("removes a dead container and keeps its volume for the next of that name", async () => {
    const [container] = (await engine.view()).ours;
    assert.ok(container);
    await engine.remove(refOf("w-1", container));
    await engine.remove(refOf("w-1", container));
    assert.deepEqual((await engine.view()).ours, []);
    await run("w-1");
    assert.equal(await docker("exec", `${cluster}-w-1`, "cat", "/data/mark"), "kept");
  });

  it("tells of a death at once, and its next look sees it", async () => {
    const made = await run("w-2");
    const stop = new AbortController();
    const events: EngineEvent[] = [];
    const died = new AbortController();
    const watching = engine
      .watch((event) => {
        events.push(event);
        if (event === "death") died.abort();
      }, stop.signal)
      .catch(() => undefined);
    await engine.view();
    await docker("pause", `${cluster}-w-1`);
    await docker("unpause", `${cluster}-w-1`);
    const death = once(died.signal, "abort");
    await docker("kill", `${cluster}-w-2`);
    await death;
    assert.equal((await seen(made.id))?.state, "dead");
    stop.abort();
    await watching;
    assert.ok(events.includes("change"));
    await engine.remove(refOf("w-2", made));
  });

  it("ends the watch when it is told to", async () => {
    const stop = new AbortController();
    const watching = engine.watch(() => undefined, stop.signal).catch(() => undefined);
    setTimeout(() => stop.abort(), 50);
    await watching;
  });

  it("reports what bears our names without being ours, and touches none of it", async () => {
    const image = workerImage();
    await docker("create", "--name", `${cluster}-w-7`, image, "sleep", "1");
    const label = ["--label", `${labels.cluster}=${cluster}`, "--label", `${labels.uid}=another`];
    await docker(
      "create",
      "--name",
      `${cluster}-w-8`,
      ...label,
      "--label",
      `${labels.worker}=w-8`,
      image,
      "sleep",
      "1",
    );
    await docker("volume", "create", `${cluster}-w-9`);
    const fresh = new DockerEngine({ socketPath, cluster, uid, image, self: "no-container" });
    const { ours, foreign } = await fresh.view();
    assert.deepEqual(
      ours.map(({ worker }) => worker),
      ["w-1"],
    );
    assert.deepEqual(
      foreign.map(({ worker }) => worker),
      ["w-7", "w-8", "w-9"],
    );
    await assert.rejects(fresh.claimVolume(wanted("w-9")), TerminalError);
  });

  it("lists the volumes of ours by worker, also without a container, and knows a new one from one that is there", async () => {
    const { volume } = wanted("w-6");
    assert.equal(await engine.claimVolume(wanted("w-6")), "new");
    assert.equal(await engine.claimVolume(wanted("w-6")), "existing");
    assert.deepEqual([...(await engine.view()).volumes.keys()].sort(), ["w-1", "w-2", "w-6"]);
    assert.equal(await uidOnEngine({ socketPath, cluster }), uid);
    await docker("volume", "rm", volume.name);
    assert.deepEqual([...(await engine.view()).volumes.keys()].sort(), ["w-1", "w-2"]);
    assert.equal(await uidOnEngine({ socketPath, cluster: uniqueCluster() }), null);
  });

  it("says that an image is missing, in a way that trying again will not mend", async () => {
    await assert.rejects(engine.create(wanted("w-5", "no-such-image:at-all")), TerminalError);
  });

  it("gives no view at all when the engine cannot be reached", async () => {
    const nowhere = new DockerEngine({
      socketPath: "/nowhere.sock",
      cluster,
      uid,
      image,
      self: "no-container",
    });
    await assert.rejects(nowhere.view(), TransientError);
  });
});
