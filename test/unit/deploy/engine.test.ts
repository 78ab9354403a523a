// What a fresh machine gets installed, and what a message says is missing: deploy/engine.sh with a machine made of functions.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));

interface Machine {
  /** Commands that are there. */
  readonly there: string;
  /** Packages of the distribution, and the commands that each brings. */
  readonly packages: Readonly<Record<string, string>>;
  readonly root?: boolean;
  readonly engineRuns?: boolean;
}

const debian12 = { "docker.io": "docker dockerd", iptables: "iptables", "docker-compose": "docker-compose" };
const debian13 = {
  "docker.io": "dockerd",
  "docker-cli": "docker",
  iptables: "iptables",
  "docker-compose": "docker-compose",
};
const ubuntu = { ...debian12, "docker-compose-v2": "docker-compose" };

function provide({ there, packages, root: asRoot = true, engineRuns = false }: Machine) {
  const brings = Object.entries(packages)
    .map(([name, commands]) => `${name}) echo "${commands}" ;;`)
    .join(" ");
  const text = `
    set -euo pipefail
    ROOT=${root}
    for part in settings progress engine; do . "$ROOT/deploy/$part.sh"; done
    THERE=" ${there} " RUNS=${engineRuns}
    has() { [[ $THERE == *" $1 "* ]]; }
    can_install() { ${asRoot}; }
    quietly() { shift; "$@"; }
    engine_answers() { has docker && has dockerd && [ "$RUNS" = true ]; }
    start_engine() { echo started; RUNS=true; }
    docker() { return 1; }
    brings() { case $1 in ${brings} *) return 1 ;; esac; }
    apt-cache() { brings "$2" >/dev/null; }
    apt-get() {
      [ "$1" = install ] || return 0
      local name
      for name in "$@"; do
        case $name in install | -*) continue ;; esac
        echo "package $name"
        THERE+="$(brings "$name") "
      done
    }
    ensure_engine
    echo "then \${COMPOSE[*]}"`;
  const { status, stdout, stderr } = spawnSync("bash", ["-c", text], {
    encoding: "utf8",
    env: { ...process.env, DOCKER_HOST: "" },
  });
  return {
    code: status,
    packages: [...stdout.matchAll(/^package (.*)$/gm)].map(([, name]) => name),
    out: stdout,
    error: stderr,
  };
}

for (const [what, packages, expected] of [
  ["Debian 12", debian12, ["docker.io", "iptables", "docker-compose"]],
  [
    "Debian 13, where the client is a package of its own",
    debian13,
    ["docker.io", "iptables", "docker-cli", "docker-compose"],
  ],
  ["Ubuntu, where Compose 2 has another name", ubuntu, ["docker.io", "iptables", "docker-compose-v2"]],
] as const)
  test(`a machine with nothing on it gets what it lacks: ${what}`, () => {
    const { code, packages: installed, out, error } = provide({ there: "apt-get", packages });
    assert.equal(code, 0, error);
    assert.deepEqual(installed, expected);
    assert.match(out, /^started$/m);
  });

test("an engine without the client gets the client alone", () => {
  const machine = { there: "apt-get dockerd docker-compose", packages: debian13, engineRuns: true };
  const { code, packages, out, error } = provide(machine);
  assert.equal(code, 0, error);
  assert.deepEqual(packages, ["docker-cli"]);
  assert.doesNotMatch(out, /started/);
});

test("what is missing is named where nothing can be installed", () => {
  const withoutClient = provide({ there: "dockerd docker-compose", packages: {}, root: false });
  assert.equal(withoutClient.code, 1);
  assert.match(withoutClient.error, /^dbaas: missing: docker-cli$/m);
  const withoutEngine = provide({ there: "docker docker-compose", packages: {}, root: false });
  assert.match(withoutEngine.error, /Docker is installed but no engine answers/);
});

test("an engine that is there and stands still is started, and nothing is installed", () => {
  const { packages, out } = provide({ there: "apt-get docker dockerd docker-compose", packages: debian13 });
  assert.deepEqual(packages, []);
  assert.match(out, /^started$/m);
});

test("npm, which fetches Node.js where no image registry can be reached, is installed where it is missing", () => {
  const { stdout, stderr } = spawnSync("bash", [
    "-c",
    `set -euo pipefail
    ROOT=${root} BASE_IMAGE=base
    for part in settings engine images standins; do . "$ROOT/deploy/$part.sh"; done
    STATE=$(mktemp -d)
    has() { false; }
    is_built_from() { false; }
    install_packages() { echo "package $*"; }
    fetch_npm_package() { echo "fetch $1"; }
    build_image() { rm -r "$STATE"; }
    build_node_standin node`,
  ]);
  assert.match(String(stdout), /^package npm\n(.*\n)*fetch npm@/m, String(stderr));
});

const trixie = ["trixie main trixie Debian", "trixie-updates main trixie-updates Debian"];
const stable = [
  "stable main trixie Debian",
  "stable-security main trixie-security Debian",
  "stable main trixie Acme",
];
const sid = ["unstable main sid Debian", "experimental main experimental Debian"];

for (const [what, osRelease, targets, release, sources] of [
  ["by its name", "trixie", trixie, "trixie", ["trixie main", "trixie-updates main"]],
  ["before the first apt-get update", "trixie", ["trixie main"], "trixie", ["trixie main"]],
  ["as stable", "trixie", stable, "trixie", ["stable main", "stable-security main"]],
  ["as unstable, which calls itself by the next release's name", "forky", sid, "sid", ["unstable main"]],
] as const)
  test(`stand-in images are of this machine's release where its package sources have it ${what}`, () => {
    const lines = targets.map((target) => `echo "http://mirror ${target}"`).join("; ");
    const { stdout, stderr } = spawnSync(
      "bash",
      [
        "-c",
        `set -euo pipefail
    ROOT=${root}
    for part in settings engine images standins; do . "$ROOT/deploy/$part.sh"; done
    apt-get() { ${lines}; }
    os_codename() { echo ${osRelease}; }
    CODENAME=$(release_name)
    echo "$CODENAME"
    mirror_site
    mirror_lines`,
      ],
      { encoding: "utf8" },
    );
    const expected = [release, "http://mirror", ...sources.map((source) => `deb http://mirror ${source}`)];
    assert.deepEqual(stdout.trim().split("\n"), expected, stderr);
  });
