// The script in the surroundings that people start it in: through links, with a shell's exported settings, in a loop that
// reads lines, on a manifest that is a link. A stand-in for `docker` takes the engine's place.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { some } from "../../support/runs.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const script = join(root, "dbaas");
const { out: offered } = bash(`"${script}" __complete 1 ""`);
const commands = offered.trim().split("\n");

function bash(text: string, environment: Record<string, string> = {}, cwd = root) {
  const { status, stdout, stderr } = spawnSync("bash", ["-c", text], {
    encoding: "utf8",
    cwd,
    env: { ...process.env, DBAAS_CLUSTER: "nowhere", DBAAS_IMAGES: "official", ...environment },
    timeout: 180_000,
  });
  return { code: status, out: stdout, error: stderr };
}

function folderFor(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "dbaas-script-"));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** @param body what `docker` does; it finds its arguments as usual */
function withDocker(context: TestContext, body: string) {
  const folder = folderFor(context);
  writeFileSync(join(folder, "docker"), `#!/usr/bin/env bash\n${body}\n`);
  chmodSync(join(folder, "docker"), 0o755);
  return { PATH: `${folder}:${process.env.PATH ?? ""}`, FOLDER: folder };
}

test("the script finds its parts through a link, a link to the link, and a link to its folder", (context) => {
  const folder = folderFor(context);
  mkdirSync(join(folder, "deeper"));
  symlinkSync(script, join(folder, "one"));
  symlinkSync("../one", join(folder, "deeper", "two"));
  symlinkSync(root, join(folder, "three"));
  for (const link of ["./one", "deeper/two", "three/dbaas", "PATH"]) {
    const { code, error } = bash(
      link === "PATH" ? "one help" : `${link} help`,
      { PATH: `${folder}:${process.env.PATH}` },
      folder,
    );
    assert.equal(code, 0, `${link}: ${error}`);
  }
});

test("what a shell exports to its scripts does not change how the script works", () => {
  const start = join(basename(root), "dbaas");
  for (const before of [
    "export CDPATH=.",
    "export CDPATH=/",
    "set -C; export SHELLOPTS",
    "set -f; export SHELLOPTS",
    "cd() { echo elsewhere; builtin cd /; }; export -f cd",
    "export POSIXLY_CORRECT=1",
  ]) {
    const { code, out, error } = bash(
      `${before}; ${start} token reader me`,
      {},
      dirname(root.replace(/\/$/, "")),
    );
    assert.equal(code, 0, `${before}: ${error}`);
    assert.match(out, /^The token of me/, before);
  }
});

test("a relative folder of manifests is looked for where the caller stands, whatever CDPATH says", (context) => {
  const folder = folderFor(context);
  mkdirSync(join(folder, "mine"));
  const { error } = bash(`"${script}" up`, { CDPATH: `${root}:/`, DBAAS_MANIFESTS: "mine" }, folder);
  assert.match(error, /there is no dbaas\.yaml in \S+\/mine /);
  assert.ok(error.includes(`${folder}/mine `), error);
});

// Those that set up need an engine first, and here none answers; the others get as far as `docker exec`.
const settingUp = ["up", "down", "build", "test", "example", "bench", "torture"];
const argumentsOf: Readonly<Record<string, string>> = {
  token: "writer me",
  example: "up",
  get: "workers",
  describe: "worker w-1",
  // Without a statement it is a shell, which reads what is typed.
  sql: "'select 1'",
  apply: `-f "$MANIFEST" --yes`,
  scale: "--min 1",
  completion: "bash",
};

test("no command reads what its caller reads line by line", (context) => {
  const folder = folderFor(context);
  const manifests = folderFor(context);
  copyFileSync(join(root, "manifests/dbaas.yaml"), join(manifests, "dbaas.yaml"));
  const engine = withDocker(
    context,
    `[ "$1 $SETTING_UP" != "version 1" ] || exit 1
       case $1 in version | inspect) echo true && exit 0 ;; esac
       read -r -t 0.05
       exit 1`,
  );
  const environment = {
    ...engine,
    DBAAS_MANIFESTS: manifests,
    MANIFEST: join(manifests, "dbaas.yaml"),
    DOCKER_HOST: "unix:///nowhere",
  };
  // Whoever sets up waits for others of this folder that do, and those may be clusters beside this test.
  writeFileSync(join(engine.FOLDER, "flock"), "#!/usr/bin/env bash\n", { mode: 0o755 });
  assert.ok(commands.length > 20, offered);
  const variants = commands.flatMap((command) => [
    `${command} ${argumentsOf[command] ?? ""}`,
    ...(command === "get" || command === "events" || command === "status"
      ? [`${command} ${argumentsOf[command] ?? ""} -w`]
      : []),
    `${command} --help`,
  ]);
  for (const words of some(variants.filter((words) => !/^(up|test|build|down|torture) --help/.test(words)))) {
    const setting = settingUp.includes(words.split(" ", 1)[0] ?? "") ? "1" : "0";
    writeFileSync(join(folder, "lines"), "a\nb\n");
    const first = `{ "${script}" ${words} >"${folder}/said" 2>&1; cat; } <"${folder}/lines"`;
    const { out } = bash(first, { ...environment, SETTING_UP: setting });
    assert.equal(out, "a\nb\n", `${words}: ${readFileSync(join(folder, "said"), "utf8")}`);
  }
});

/** Answers as the cluster does: the edited text, with the line by which it is known to be whole. */
const editing = `
  case $1 in
    version | inspect) echo true ;;
    exec)
      cat >"$FOLDER/input"
      case " $* " in
        *" taken-up "*) echo "in force" ;;
        *" diff "*) exit 1 ;;
        *) sed 's/max: 8/max: 9/' "$FOLDER/input" >"$FOLDER/text"
          cat "$FOLDER/text"
          printf '\\nwhole %s %s\\n' "$(wc -c <"$FOLDER/text" | tr -d ' ')" "$(sha256sum <"$FOLDER/text" | cut -d' ' -f1)" ;;
      esac ;;
  esac`;

test("an edit of a manifest that is a link changes the file it leads to, and takes no other name", (context) => {
  const folder = folderFor(context);
  mkdirSync(join(folder, "real"));
  copyFileSync(join(root, "manifests/dbaas.yaml"), join(folder, "real/prod.yaml"));
  chmodSync(join(folder, "real/prod.yaml"), 0o640);
  symlinkSync("real/prod.yaml", join(folder, "dbaas.yaml"));
  writeFileSync(join(folder, "dbaas.yaml.new"), "mine");
  const environment = { ...withDocker(context, editing), DBAAS_MANIFESTS: folder };
  const { code, error } = bash(`"${script}" scale --max 9`, environment);
  assert.equal(code, 0, error);
  assert.ok(lstatSync(join(folder, "dbaas.yaml")).isSymbolicLink());
  assert.match(readFileSync(join(folder, "real/prod.yaml"), "utf8"), /max: 9/);
  assert.equal(lstatSync(join(folder, "real/prod.yaml")).mode & 0o777, 0o640);
  assert.equal(readFileSync(join(folder, "dbaas.yaml.new"), "utf8"), "mine");
  assert.deepEqual(readdirSync(folder).sort(), ["dbaas.yaml", "dbaas.yaml.new", "real"]);
  assert.deepEqual(readdirSync(join(folder, "real")), ["prod.yaml"]);
});

test("an edit of a manifest with a second name keeps it one file", (context) => {
  const folder = folderFor(context);
  copyFileSync(join(root, "manifests/dbaas.yaml"), join(folder, "dbaas.yaml"));
  const environment = { ...withDocker(context, editing), DBAAS_MANIFESTS: folder };
  const { code, error } = bash(
    `ln "${folder}/dbaas.yaml" "${folder}/second" && "${script}" scale --max 9`,
    environment,
  );
  assert.equal(code, 0, error);
  assert.match(readFileSync(join(folder, "second"), "utf8"), /max: 9/);
});

test("edits at the same time follow one another, and each is in the file", (context) => {
  const folder = folderFor(context);
  writeFileSync(join(folder, "dbaas.yaml"), "edits:\n");
  const environment = {
    ...withDocker(
      context,
      editing.replaceAll("$FOLDER/", "$FOLDER/$PPID-").replace("sed 's/max: 8/max: 9/'", "sed '$ a - one'"),
    ),
    DBAAS_MANIFESTS: folder,
  };
  const { code, error } = bash(
    `for i in 1 2 3 4; do "${script}" scale --max 9 & all+=($!); done; for one in "\${all[@]}"; do wait "$one" || exit; done`,
    environment,
  );
  assert.equal(code, 0, error);
  assert.equal(readFileSync(join(folder, "dbaas.yaml"), "utf8"), `edits:\n${"- one\n".repeat(4)}`);
});

for (const [what, cut] of [
  ["without its last line", `sed '$ d'`],
  ["cut in its middle", "head -c 100"],
  ["with a hole", "sed '2 d'"],
] as const)
  test(`an edited text that comes ${what} does not replace the manifest`, (context) => {
    const folder = folderFor(context);
    const before = readFileSync(join(root, "manifests/dbaas.yaml"), "utf8");
    writeFileSync(join(folder, "dbaas.yaml"), before);
    const environment = {
      ...withDocker(
        context,
        `answer() { ${editing}\n}; if [ "$1" = exec ]; then answer "$@" | ${cut}; else answer "$@"; fi`,
      ),
      DBAAS_MANIFESTS: folder,
    };
    const { code, error } = bash(`"${script}" scale --max 9`, environment);
    assert.equal(code, 1);
    assert.match(error, /did not arrive whole from the cluster; nothing was changed/);
    assert.equal(readFileSync(join(folder, "dbaas.yaml"), "utf8"), before);
    assert.deepEqual(readdirSync(folder), ["dbaas.yaml"]);
  });

for (const [what, target] of [
  ["out of the folder", "../elsewhere.yaml"],
  ["by a full path", "/etc/hostname"],
  ["to nothing", "nothing.yaml"],
] as const)
  test(`a manifest that is a link ${what} is refused by up, diff and edits`, (context) => {
    const folder = folderFor(context);
    mkdirSync(join(folder, "manifests"));
    writeFileSync(join(folder, "elsewhere.yaml"), "");
    symlinkSync(target, join(folder, "manifests/dbaas.yaml"));
    const environment = { ...withDocker(context, editing), DBAAS_MANIFESTS: join(folder, "manifests") };
    for (const command of ["up", "diff", "pause"]) {
      const { code, error } = bash(`"${script}" ${command}`, environment);
      assert.equal(code, 1, command);
      assert.match(error, /dbaas\.yaml is a link to /, command);
    }
    assert.ok(lstatSync(join(folder, "manifests/dbaas.yaml")).isSymbolicLink());
  });
