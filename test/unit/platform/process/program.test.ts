import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { variable } from "../../../../platform/process/program.ts";

describe("a variable of the environment", () => {
  const folder = mkdtempSync(join(tmpdir(), "dbaas-variable-"));
  after(() => rmSync(folder, { recursive: true }));
  const fileWith = (text: string): string => {
    const path = join(folder, "secret");
    writeFileSync(path, text);
    return path;
  };

  it("is what it is set to, or its default", () => {
    assert.equal(variable({ ZOOKEEPER: "zookeeper:2181" }, "ZOOKEEPER", "other"), "zookeeper:2181");
    assert.equal(variable({}, "ZOOKEEPER", "zookeeper:2181"), "zookeeper:2181");
  });

  it("is named when it is missing", () => {
    for (const environment of [{}, { ZOOKEEPER: "" }])
      assert.throws(
        () => variable(environment, "ZOOKEEPER"),
        /^Error: environment variable ZOOKEEPER is not set$/,
      );
  });

  it("may be given as a file, whose last line end does not count", () => {
    for (const end of ["", "\n", "\r\n"]) {
      const environment = { RABBITMQ_URL_FILE: fileWith(`amqp://u:p@rabbitmq:5672${end}`) };
      assert.equal(variable(environment, "RABBITMQ_URL", "amqp://other"), "amqp://u:p@rabbitmq:5672");
    }
  });

  it("is not taken from its default when its file is empty", () => {
    const environment = { RABBITMQ_URL_FILE: fileWith("") };
    assert.throws(() => variable(environment, "RABBITMQ_URL", "amqp://other"), /RABBITMQ_URL is not set/);
  });

  it("is refused when it is given both ways", () => {
    const environment = { ZOOKEEPER: "zookeeper:2181", ZOOKEEPER_FILE: fileWith("zookeeper:2181") };
    assert.throws(() => variable(environment, "ZOOKEEPER"), /ZOOKEEPER and ZOOKEEPER_FILE are both set/);
  });

  it("is named when its file cannot be read, whatever its default", () => {
    const environment = { ZOOKEEPER_FILE: join(folder, "missing") };
    assert.throws(() => variable(environment, "ZOOKEEPER", "zookeeper:2181"), /ZOOKEEPER_FILE: .*ENOENT/);
  });
});
