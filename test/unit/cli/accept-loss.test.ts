import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lossText } from "../../../cli/accept-loss.ts";
import { show } from "../../../cli/show.ts";
import type { CopyStatus } from "../../../core/state/status.ts";
import { clusterStatus, condition } from "./cluster-status.ts";

const copies: readonly CopyStatus[] = [
  { worker: "w-1", epoch: 4, position: 70, known: true, mounted: true, lastMaster: false },
  { worker: "w-3", epoch: 5, position: 90, known: true, mounted: false, lastMaster: true },
  { worker: "w-4", epoch: 0, position: 0, known: false, mounted: false, lastMaster: false },
];
const missing = clusterStatus({
  copies,
  conditions: [condition("DataComplete", "False", "w-3 has lost its volume")],
});
const table =
  /w-1 +4 +70 +runs\s+w-3 +5 +90 +does not run +led last: .*\s+w-4 +unknown +unknown +does not run/;

describe("accept-loss", () => {
  it("shows what is missing, what each copy holds, and which goes on", () => {
    const text = lossText(missing, undefined);
    assert.match(text, /^Missing: w-3 has lost its volume\n/);
    assert.match(text, table);
    assert.match(
      text,
      /the fullest copy that is open goes on\. What only the missing copy holds is lost for good/,
    );
    assert.match(lossText(missing, "w-1"), /the copy of w-1 goes on/);
  });

  it("is refused while nothing is missing", () => {
    const whole = clusterStatus({ conditions: [condition("DataComplete", "True", "a master leads")] });
    assert.throws(() => lossText(whole, undefined), /no copy is missing: a master leads/);
  });

  it("is needed when the status says so, which then shows the copies", () => {
    const snapshot = (status: typeof missing) => ({ status, events: [], controlled: true });
    assert.match(show("status", snapshot(missing), "table", 0), table);
    const whole = clusterStatus({ copies, conditions: [condition("DataComplete", "True")] });
    assert.doesNotMatch(show("status", snapshot(whole), "table", 0), /does not run/);
  });
});
