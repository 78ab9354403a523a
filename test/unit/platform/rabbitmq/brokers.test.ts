import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { brokersIn, inOrder } from "../../../../platform/rabbitmq/brokers.ts";

const three = brokersIn("amqp://u:p@rabbitmq-1:5672,rabbitmq-2:5672,rabbitmq-3:5672");
const names = (preferred: string | undefined) => inOrder(three, preferred).map(({ name }) => name);

describe("the address of RabbitMQ", () => {
  it("may name one broker, and is then as it stands", () => {
    for (const url of [
      "amqp://u:p@rabbitmq:5672",
      "amqp://rabbitmq",
      "amqps://u:p@[::1]:5671/host?heartbeat=7",
    ])
      assert.deepEqual(
        brokersIn(url).map((one) => one.url),
        [url],
      );
  });

  it("may name several, which have the user and the rest in common", () => {
    const brokers = brokersIn("amqps://u:p%2C@a:5672,b:5673,c/host?heartbeat=7");
    assert.deepEqual(brokers, [
      { name: "a:5672", url: "amqps://u:p%2C@a:5672/host?heartbeat=7" },
      { name: "b:5673", url: "amqps://u:p%2C@b:5673/host?heartbeat=7" },
      { name: "c", url: "amqps://u:p%2C@c/host?heartbeat=7" },
    ]);
  });

  it("is refused when it is none, without telling the password", () => {
    for (const url of ["", "rabbitmq:5672", "http://u:secret@rabbitmq"])
      assert.throws(() => brokersIn(url), /^Error: the address of RabbitMQ is not of the form/);
  });
});

describe("the order of several brokers", () => {
  it("is that of the list without a preferred one", () => {
    assert.deepEqual(names(undefined), ["rabbitmq-1:5672", "rabbitmq-2:5672", "rabbitmq-3:5672"]);
  });

  it("begins with the preferred one and goes around the list", () => {
    for (const preferred of ["rabbitmq-2", "rabbitmq-2:5672"])
      assert.deepEqual(names(preferred), ["rabbitmq-2:5672", "rabbitmq-3:5672", "rabbitmq-1:5672"]);
  });

  it("is refused for a preferred one that is not in the list", () => {
    assert.throws(
      () => names("rabbitmq-4"),
      /rabbitmq-4 is none of rabbitmq-1:5672, rabbitmq-2:5672, rabbitmq-3/,
    );
  });
});
