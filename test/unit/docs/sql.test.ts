// The examples of docs/sql.md and those of SQL in README.md, carried out in their order on a service in this process with the tables of
// manifests/dbaas.yaml: commands by bash, curl and ./dbaas, statements by the shell of ./dbaas sql, TypeScript by a Node.js of its own.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { Service } from "../../../cli/data/service.ts";
import { Shell as SqlShell } from "../../../cli/sql/shell.ts";
import { parseManifest } from "../../../core/manifest/parse.ts";
import { rootDir } from "../../../tools/cluster/settings.ts";
import { mismatch } from "../../support/console-blocks.ts";
import { type Example, examplesIn, printedBy, type Step, stepsIn } from "../../support/examples.ts";
import { Shell } from "../../support/shell.ts";
import { openWorld, type World } from "../api/libsql/world.ts";

const commandMs = 120_000;

const hasCurl = (() => {
  try {
    execFileSync("curl", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

/** What one document's examples share: the service, a shell, a folder for programs. */
class Reader {
  readonly #undoing: (() => Promise<void> | void)[] = [];
  #world: World | undefined;
  #bash: Shell | undefined;
  #folder = "";

  async open(): Promise<void> {
    const { database } = parseManifest(readFileSync(join(rootDir, "manifests", "dbaas.yaml"), "utf8")).spec;
    this.#world = await openWorld({ after: (undo) => this.#undoing.push(undo) }, database);
    this.#folder = mkdtempSync(join(tmpdir(), "examples-"));
    this.#undoing.push(() => rmSync(this.#folder, { recursive: true }));
    writeFileSync(join(this.#folder, "package.json"), '{"type":"module"}');
    for (const name of ["node_modules", "client"]) symlinkSync(join(rootDir, name), join(this.#folder, name));
    const path = `${dirname(process.execPath)}:${process.env.PATH}`;
    const bash = new Shell(rootDir, { ...process.env, PATH: path, DBAAS_URL: this.#url, DBAAS_TOKEN: "" });
    this.#undoing.push(() => bash.close());
    this.#bash = bash;
    await bash.run('curl() { command curl --silent --show-error "$@"; }', commandMs);
  }

  async version(): Promise<unknown> {
    return (await this.#world?.store.writer.all("SELECT sqlite_version() AS version"))?.[0]?.version;
  }

  async close(): Promise<void> {
    for (const undo of this.#undoing.reverse()) await undo();
  }

  get #url(): string {
    return this.#world?.url ?? assert.fail("the service is not open");
  }

  #ofThisService = (written: string): string => written.replace(/(?:http:\/\/)?localhost\b/g, this.#url);

  async carryOut(example: Example): Promise<void> {
    switch (example.kind) {
      case "sh":
        return this.#commands(example);
      case "sql":
        return this.#statements(example);
      case "ts":
        return this.#program(example);
      default:
        assert.fail(`line ${example.line}: a block of the kind "${example.kind}" cannot be executed`);
    }
  }

  async #commands(example: Example): Promise<void> {
    for (const step of stepsIn(example)) {
      const ran = await this.#bash?.run(this.#ofThisService(step.text), commandMs);
      assertCame(step.line, step.text, step.expected, ran?.output ?? "");
    }
  }

  /** A statement that never ends is known by what must come of it; the others have all the time they need. */
  async #within(step: Step, carryOut: () => Promise<void>): Promise<void> {
    const world = this.#world ?? assert.fail("the service is not open");
    const { queryMs } = world;
    if (step.expected.some((line) => line.includes("ran longer than it may"))) world.queryMs = 1_000;
    await carryOut();
    world.queryMs = queryMs;
  }

  async #statements(example: Example): Promise<void> {
    let out = "";
    const service = new Service({ url: this.#url, token: undefined });
    const shell = new SqlShell(
      {
        read: (sql) => service.ask(sql),
        write: async (sql) => {
          const { columns = [], rows = [], ...change } = await service.write({ sql, params: [] });
          return { columns, rows, change };
        },
        tables: () => service.tables(),
        out: async (printed) => {
          out += printed;
        },
        nowMs: () => 0,
      },
      "table",
    );
    for (const step of stepsIn(example)) {
      out = "";
      await this.#within(step, async () => {
        for (const line of step.text.split("\n"))
          await shell.line(line).catch((error: Error) => {
            shell.forget();
            out += `error: ${error.message}\n`;
          });
      });
      assert.ok(!shell.isInside, `line ${step.line}: the statement does not end`);
      assertCame(step.line, step.text, step.expected, out);
    }
  }

  async #program(example: Example): Promise<void> {
    const file = join(this.#folder, `line-${example.line}.ts`);
    const expected = printedBy(example);
    writeFileSync(file, this.#ofThisService(example.lines.join("\n")));
    const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "pipe"], timeout: commandMs });
    const [out, error, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close") as Promise<[number | null]>,
    ]);
    assert.equal(code, 0, error);
    assertCame(example.line, "the program", expected, out);
  }
}

function assertCame(line: number, what: string, expected: readonly string[], output: string): void {
  const why = mismatch(expected, output);
  assert.equal(why, null, `line ${line}: ${what}\n${output}\n${why}`);
}

const documents = [
  { path: "docs/sql.md", sections: undefined },
  { path: "README.md", sections: ["Use it", "Use it from TypeScript"] },
];

for (const { path, sections } of documents)
  describe(path, () => {
    const reader = new Reader();
    before(() => reader.open());
    after(() => reader.close());
    const document = readFileSync(join(rootDir, path), "utf8");
    const examples = examplesIn(document).filter(({ section }) => sections?.includes(section) ?? true);
    it("has examples of SQL, and names no other SQLite than the one there is", async () => {
      for (const section of sections ?? ["", "Limits"])
        assert.ok(
          examples.some((one) => one.section === section),
          section,
        );
      for (const [, version] of document.matchAll(/SQLite (\d+\.\d+\.\d+)/g))
        assert.equal(version, await reader.version());
    });
    for (const example of examples)
      it(
        `shows in line ${example.line}, ${example.section || "its beginning"}, what comes of it`,
        {
          skip: example.left ?? (example.kind === "sh" && !hasCurl && "there is no curl on this machine"),
        },
        () => reader.carryOut(example),
      );
  });
