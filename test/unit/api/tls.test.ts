import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect as connectPlain } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connect, type PeerCertificate } from "node:tls";
import { Certificate } from "../../../api/http/certificate.ts";
import { createLog } from "../../../platform/telemetry/log.ts";
import { makeCertificate, noOpenssl } from "../../support/certificate.ts";
import { eventually } from "./fake-znodes.ts";
import { TestServer } from "./test-server.ts";

const log = createLog({ program: "api", format: "json", level: "silent" });
const folder = mkdtempSync(join(tmpdir(), "tls-"));
after(() => rmSync(folder, { recursive: true }));

describe("TLS", { skip: noOpenssl }, () => {
  const server = new TestServer();
  let certificate: Certificate | undefined;
  let trusted = "";
  let port = 0;
  before(async () => {
    trusted = makeCertificate(folder, "first.example");
    certificate = Certificate.in(folder, log, 20);
    assert.ok(certificate !== undefined);
    port = await server.api.listenTls(0, certificate);
  });
  after(async () => {
    certificate?.close();
    await server.stop();
  });

  const get = (path: string, ca: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const asked = request({ host: "127.0.0.1", port, path, ca, agent: false }, (res) => {
        res.resume();
        resolve(res.statusCode ?? 0);
      });
      asked.on("error", reject);
      asked.end();
    });

  const subject = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
        resolve(String((socket.getPeerCertificate() as PeerCertificate).subject.CN));
        socket.destroy();
      });
      socket.on("error", reject);
    });

  it("serves the same routes to whoever trusts the certificate", async () => {
    assert.equal(await get("/healthz", trusted), 200);
    assert.equal(await get("/nothing", trusted), 404);
  });

  it("answers nothing to who does not speak it, and goes on", async () => {
    const received = await new Promise<string>((resolve) => {
      let text = "";
      const socket = connectPlain(port, "127.0.0.1", () => socket.write("GET /healthz HTTP/1.1\r\n\r\n"));
      socket.on("data", (chunk) => {
        text += chunk.toString("latin1");
      });
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(text));
    });
    assert.doesNotMatch(received, /200|alive/);
    assert.equal(await get("/healthz", trusted), 200);
  });

  it("takes up a renewed certificate, and keeps the old one while the new one cannot be used", async () => {
    writeFileSync(join(folder, "tls.crt"), "half written");
    assert.equal(await get("/healthz", trusted), 200);
    makeCertificate(folder, "second.example");
    await eventually(async () => (await subject()) === "second.example");
  });

  it("is not there without a certificate, and no start is one with half of it", () => {
    const empty = mkdtempSync(join(folder, "empty-"));
    assert.equal(Certificate.in(empty, log), undefined);
    writeFileSync(join(empty, "tls.crt"), "");
    assert.throws(() => Certificate.in(empty, log), /the certificate for TLS in .* cannot be used/);
  });
});
