// What the command line prints, into a pipe that is read late: the real program, asking an API of this test's own.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../../cli/main.ts", import.meta.url));
const rows = Array.from({ length: 5_000 }, (_, i) => ({ username: `user-${i}`, password: "x".repeat(40) }));
const answer = {
  columns: [{ name: "username" }, { name: "password" }],
  rows: rows.map(({ username, password }) => [username, password]),
};
const refusal = { error: { code: "bad_request", message: "9".repeat(100_000) } };

let server: Server;
before(async () => {
  server = createServer(async (request, response) => {
    if (!(await text(request)).includes("wrong")) return response.end(JSON.stringify(answer));
    return response.writeHead(400).end(JSON.stringify(refusal));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
});
after(() => server.close());

function start(args: readonly string[], variables: Readonly<Record<string, string>> = {}) {
  const { port } = server.address() as AddressInfo;
  const env = { ...process.env, DBAAS_API: `http://127.0.0.1:${port}`, ...variables };
  return spawn(process.execPath, [program, ...args], { env, timeout: 120_000 });
}

for (const format of ["json", "yaml", "csv", "table"])
  test(`as ${format}, an answer of several pipes' size arrives whole where its reader is slow`, async () => {
    const child = start(["sql", "SELECT * FROM users", "-o", format]);
    await once(child.stdout, "readable");
    const [printed, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
    assert.equal(code, 0);
    assert.deepEqual(
      printed.match(/user-\d+/g),
      rows.map(({ username }) => username),
    );
    if (format === "json") assert.deepEqual(JSON.parse(printed), rows);
  });

test("a long error arrives whole, too", async () => {
  const child = start(["sql", "SELECT wrong FROM users"]);
  const [printed, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
  assert.equal(code, 1);
  assert.equal(printed, `dbaas: ${refusal.error.message}\n`);
});

test("a command that watches ends when its input is closed, before its time is up", async () => {
  const waiting = { ZOOKEEPER: "127.0.0.1:1", DBAAS_ENDS_WITH_INPUT: "1" };
  const child = start(["wait", "--timeout", "10m"], waiting);
  child.stdin.end();
  const [code] = (await once(child, "exit")) as [number | null];
  assert.equal(code, 1);
});

test("a command that was given a file to read ends when its input is closed behind it", async () => {
  const variables = { ZOOKEEPER: "127.0.0.1:1", DBAAS_ENDS_WITH_INPUT: "1", DBAAS_INPUT_BYTES: "4" };
  const child = start(["wait", "--timeout", "10m"], variables);
  child.stdin.end("file");
  const [code] = (await once(child, "exit")) as [number | null];
  assert.equal(code, 1);
});

test("a reader that goes away ends the command without a word", async () => {
  const child = start(["sql", "SELECT * FROM users", "-o", "json"]);
  await once(child.stdout, "readable");
  child.stdout.destroy();
  const [said] = await Promise.all([text(child.stderr), once(child, "close")]);
  assert.equal(said, "");
});
