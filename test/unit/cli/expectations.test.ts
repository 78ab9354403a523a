import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CliError } from "../../../cli/exit.ts";
import { expectationIn, holds, told } from "../../../cli/expectations.ts";
import { notObserved } from "../../../core/state/status.ts";
import { clusterStatus, condition } from "./cluster-status.ts";

const status = clusterStatus({
  conditions: [
    condition("Ready", "True", "a master, 2 of 2 slaves ready"),
    condition("Degraded", "False", "no"),
  ],
});

const holdsNow = (text: string): boolean => holds(expectationIn(text), status);

describe("expectationIn", () => {
  it("reads a condition, in any case, which is to be True unless said otherwise", () => {
    assert.deepEqual(expectationIn("Ready"), { condition: "Ready", is: "True" });
    assert.deepEqual(expectationIn("degraded=false"), { condition: "Degraded", is: "False" });
  });

  it("reads a value of the status", () =>
    assert.deepEqual(expectationIn("readySlaves=3"), { value: "readySlaves", is: "3" }));

  it("names what there is to wait for when it is asked for something else", () => {
    for (const text of ["", "Redy", "Ready=Maybe", "master", "master=", "master=w-1=w-2", "workers=3"])
      assert.throws(
        () => expectationIn(text),
        (error) =>
          error instanceof CliError && error.exitCode === 2 && error.message.includes("SlavesAvailable"),
        text,
      );
  });
});

describe("holds", () => {
  it("compares conditions and values with what the controller reports", () => {
    assert.ok(
      holdsNow("Ready") && holdsNow("Degraded=False") && holdsNow("readySlaves=2") && holdsNow("master=w-1"),
    );
    assert.ok(
      !holdsNow("Ready=False") &&
        !holdsNow("Paused") &&
        !holdsNow("readySlaves=3") &&
        !holdsNow("master=w-2"),
    );
  });

  it("takes no master for none", () =>
    assert.ok(holds(expectationIn("master=none"), clusterStatus({ master: null }))));
});

describe("a cycle that could not observe", () => {
  const blind = clusterStatus({
    conditions: [{ ...condition("Ready", "Unknown", "nothing was seen"), reason: notObserved }],
  });

  it("confirms no value, for they are as they were before", () => {
    for (const text of ["readySlaves=2", "desiredSlaves=2", "master=w-1"])
      assert.ok(holdsNow(text) && !holds(expectationIn(text), blind), text);
  });

  it("is told with the value that was", () =>
    assert.equal(told(expectationIn("readySlaves=2"), blind), "readySlaves was 2; nothing was seen"));
});

describe("told", () => {
  it("says how things stand", () => {
    assert.equal(told(expectationIn("Ready"), status), "Ready is True: a master, 2 of 2 slaves ready");
    assert.equal(told(expectationIn("Paused"), status), "Paused is Unknown: it was not reported yet");
    assert.equal(told(expectationIn("master=w-9"), status), "master is w-1");
  });
});
