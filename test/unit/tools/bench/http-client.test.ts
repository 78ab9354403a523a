import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { after, test } from "node:test";
import { HttpClient, parseAnswer } from "../../../../tools/bench/load/http-client.ts";

const opened: { close(): void }[] = [];
after(() => {
  for (const one of opened) one.close();
});

/** Answers each arriving request with the next of `replies`, in as many writes as it has parts. */
async function serverOf(onRequest: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", () => onRequest(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  opened.push({ close: () => server.close() });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function clientTo(port: number, errors: string[] = []): Promise<HttpClient> {
  const client = new HttpClient({ host: "127.0.0.1", port }, (error) => errors.push(error.message));
  await client.open();
  opened.push(client);
  return client;
}

const ask = (client: HttpClient): Promise<{ status: number; body: string }> =>
  new Promise((resolve) => {
    client.send(Buffer.from("GET / HTTP/1.1\r\n\r\n"), ({ status, body }) =>
      resolve({ status, body: body.toString() }),
    );
  });

test("a whole answer is its status and its body", () => {
  const answer = parseAnswer(Buffer.from("HTTP/1.1 409 Conflict\r\nX: y\r\nContent-Length: 2\r\n\r\n{}"));
  assert.equal(answer?.status, 409);
  assert.equal(answer?.body.toString(), "{}");
});

test("an answer is not whole before its last byte", () => {
  const whole = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789";
  for (let length = 0; length < whole.length; length++)
    assert.equal(parseAnswer(Buffer.from(whole.slice(0, length))), null);
  assert.equal(parseAnswer(Buffer.from(whole))?.body.toString(), "0123456789");
});

test("an answer without a body is whole with its head", () => {
  assert.equal(parseAnswer(Buffer.from("HTTP/1.1 204 No Content\r\n\r\n"))?.status, 204);
});

test("one connection serves one request after another", async () => {
  const client = await clientTo(
    await serverOf((socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")),
  );
  assert.deepEqual(await ask(client), { status: 200, body: "ok" });
  assert.deepEqual(await ask(client), { status: 200, body: "ok" });
});

test("an answer larger than the receive buffer arrives whole", async () => {
  const body = "x".repeat(300_000);
  const client = await clientTo(
    await serverOf((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
    ),
  );
  assert.equal((await ask(client)).body, body);
});

test("a connection that breaks answers its request with status 0 and is told as an error once", async () => {
  const errors: string[] = [];
  const client = await clientTo(await serverOf((socket) => socket.destroy()), errors);
  assert.equal((await ask(client)).status, 0);
  assert.equal(errors.length, 1);
});
