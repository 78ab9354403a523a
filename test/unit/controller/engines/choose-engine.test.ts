import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { chooseEngine, workerSecrets } from "../../../../controller/engines/choose-engine.ts";

const env = {
  RABBITMQ_URL: "amqp://u:p@rabbitmq-1,rabbitmq-2",
  ZOOKEEPER: "u:p@zookeeper-1:2181,zookeeper-2:2181",
};
const workers = { cluster: "c", image: "i" };

describe("the engine", () => {
  it("is plain Docker unless the environment asks for a Swarm", () => {
    assert.equal(chooseEngine(env, workers).hostReporter, null);
    const swarm = chooseEngine({ ...env, DBAAS_ENGINE: "swarm", DBAAS_HOST: "host-2" }, workers);
    assert.deepEqual([swarm.hostReporter?.name, swarm.self], ["host-2", "host-2"]);
    assert.ok(swarm.sessionTimeoutMs < chooseEngine(env, workers).sessionTimeoutMs);
  });

  it("says which variable is missing, or names no engine", () => {
    assert.throws(() => chooseEngine({ ...env, DBAAS_ENGINE: "swarm" }, workers), /DBAAS_HOST is not set/);
    assert.throws(
      () => chooseEngine({ ...env, DBAAS_ENGINE: "swan" }, workers),
      /DBAAS_ENGINE is swan; there are docker, swarm/,
    );
  });
});

describe("credentials", () => {
  it("are handed on in the environment when they came by it", () =>
    assert.deepEqual(workerSecrets(env, "c"), { environment: env, secrets: [] }));

  it("that came in a file which is no secret of the engine are handed on in the environment", () => {
    const folder = mkdtempSync(join(tmpdir(), "secrets-"));
    const file = join(folder, "rabbitmq-url");
    writeFileSync(file, `${env.RABBITMQ_URL}\n`);
    const given = { RABBITMQ_URL_FILE: file, ZOOKEEPER: env.ZOOKEEPER };
    assert.deepEqual(workerSecrets(given, "c"), { environment: env, secrets: [] });
    rmSync(folder, { recursive: true });
  });
});
