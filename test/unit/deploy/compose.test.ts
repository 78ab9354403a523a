// `docker compose up` without the script: every variable has a default, and the credentials are made once.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const root = fileURLToPath(new URL("../../../", import.meta.url));

const run = (command: readonly string[], environment: Record<string, string> = {}) =>
  spawnSync(command[0] ?? "", command.slice(1), {
    cwd: root,
    encoding: "utf8",
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
    timeout: 30_000,
    // bash takes a socket for a remote login, and then reads other files.
    stdio: ["ignore", "pipe", "pipe"],
  });

const compose = [["docker-compose"], ["docker", "compose"]].find(
  (command) => run([...command, "version"]).status === 0,
);

interface Service {
  readonly image: string;
  readonly container_name: string;
  readonly build?: { readonly args: Readonly<Record<string, string>> };
  readonly cap_add?: readonly string[];
}

function resolved(environment: Record<string, string> = {}) {
  const { status, stdout, stderr } = run([...(compose ?? []), "config"], environment);
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stderr, /not set|warn/i);
  const { services, networks } = parse(stdout) as {
    readonly services: Readonly<Record<string, Service>>;
    readonly networks: { readonly default: { readonly name: string } };
  };
  return { services, network: networks.default.name };
}

test("every variable of the compose files has a default", () => {
  for (const file of ["docker-compose.yml", "docker-compose.override.yml", ".env"]) {
    const text = readFileSync(join(root, file), "utf8");
    const variables = text.match(/(?<!\$)\$(\{[^}]*\}|\w+)/g) ?? [];
    assert.ok(variables.length > 0, file);
    for (const variable of variables) assert.match(variable, /^\$\{[A-Z_]+:-[^}]*\}$/, file);
  }
});

test("Compose alone resolves the files to the official images and the cluster's default name", {
  skip: compose === undefined && "no Compose on this machine",
}, () => {
  const { services, network } = resolved();
  assert.deepEqual(
    Object.entries(services)
      .map(([name, { image, container_name }]) => `${name} ${image} ${container_name}`)
      .sort(),
    [
      "credentials rabbitmq:4-management dbaas-credentials",
      "orchestrator mini-dbaas:latest dbaas-orchestrator",
      "rabbitmq rabbitmq:4-management dbaas-rabbitmq",
      "zookeeper zookeeper:3.9 dbaas-zookeeper",
    ],
  );
  assert.equal(network, "dbaas-net");
  assert.equal(services.orchestrator?.build?.args.NODE_IMAGE, "node:24-bookworm-slim");
});

test("a cluster's name is the name of the project and of all that it is made of", {
  skip: compose === undefined && "no Compose on this machine",
}, () => {
  const { services, network } = resolved({ DBAAS_CLUSTER: "other" });
  for (const { container_name } of Object.values(services)) assert.match(container_name, /^other-/);
  assert.equal(network, "other-net");
});

function writer(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "dbaas-credentials-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const [state, shared] = [join(folder, "state"), join(folder, "shared")];
  for (const made of [state, shared]) mkdirSync(made);
  const file = join(state, "mine.env");
  const copy = join(shared, "credentials.env");
  return {
    file,
    copy,
    settings: join(shared, "orchestrator.sh"),
    write() {
      const { status, stderr } = run([
        "bash",
        "deploy/write-credentials.sh",
        "mine",
        join(root, "deploy"),
        state,
        shared,
      ]);
      assert.equal(status, 0, stderr);
      return readFileSync(file, "utf8");
    },
  };
}

test("the credentials are made by the first start, and kept by those that follow", (context) => {
  const { write, file, copy } = writer(context);
  const first = write();
  assert.match(
    first,
    /^RABBITMQ_USER=dbaas\nRABBITMQ_PASSWORD=[0-9a-f]{48}\nZOOKEEPER_USER=dbaas\nZOOKEEPER_PASSWORD=[0-9a-f]{48}\n$/,
  );
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(write(), first);
  assert.equal(readFileSync(copy, "utf8"), first);
});

test("lost credentials come back from the copy, which every user in the containers can read", (context) => {
  const { write, file, copy, settings } = writer(context);
  const first = write();
  rmSync(file);
  assert.equal(write(), first);
  for (const shared of [copy, settings]) assert.equal(statSync(shared).mode & 0o777, 0o444);
});

test("the orchestrator gets the credentials as the addresses that it connects to", (context) => {
  const { write, settings } = writer(context);
  const [rabbitmq, zookeeper] = [...write().matchAll(/PASSWORD=(\w+)/g)].map(([, password]) => password);
  assert.equal(
    run(["bash", "-c", 'echo "$RABBITMQ_URL $ZOOKEEPER"'], { BASH_ENV: settings }).stdout,
    `amqp://dbaas:${rabbitmq}@rabbitmq:5672 dbaas:${zookeeper}@zookeeper:2181\n`,
  );
});

test("the image builds where nothing was set up yet: its certificate and that one's folder may be missing", () => {
  const copied = readFileSync(join(root, "Dockerfile"), "utf8").match(/^COPY .*\.dbaa.*$/gm);
  // BuildKit fails on a missing folder unless it is named by a wildcard.
  assert.deepEqual(copied, ["COPY package.json package-lock.json .dbaa[s]/ca.cr[t] ./"]);
});
