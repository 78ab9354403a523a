import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, describe, it } from "node:test";
import { CurrentZnodes } from "../../../api/cluster/znodes.ts";
import { clusterRoutes } from "../../../api/http/cluster-routes.ts";
import { paths as routes } from "../../../api/http/routes.ts";
import { openOverHttp, viewOverHttp } from "../../../cli/view-over-http.ts";
import { pathsOf, toJson } from "../../../core/state/znodes.ts";
import { systemClock } from "../../../platform/process/clock.ts";
import { clusterStatus } from "../cli/cluster-status.ts";
import { FakeZnodes } from "./fake-znodes.ts";

const paths = pathsOf("test");
const cycle = (id: string) => ({ id, atMs: 5, tookMs: 1 });

describe("the status over HTTP", () => {
  let znodes: FakeZnodes;
  let server: Server;
  const current = new CurrentZnodes();

  before(async () => {
    const route = clusterRoutes({
      znodes: current,
      paths,
      clock: systemClock,
      spec: { requests: { timeoutMs: 1_000 } as never },
      broker: { connected: true },
      workers: { master: undefined },
    }).find(({ path }) => path === routes.status);
    server = createServer((req, res) => {
      if (req.url?.startsWith(routes.status)) void route?.handle(req, res);
      else res.setHeader("Content-Type", "application/json").end("[]");
    });
    await new Promise<void>((resolve) => server.listen(0, resolve));
  });
  after(() => server.close());
  beforeEach(async () => {
    znodes = new FakeZnodes();
    current.set(znodes);
    await znodes.put(paths.status, toJson(clusterStatus({ lastCycle: cycle("a") })));
  });

  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const answered = async () => (await fetch(`${url()}${routes.status}`)).json();

  it("is as it was written, with the last cycle of all", async () => {
    assert.deepEqual(await answered(), JSON.parse(toJson(clusterStatus({ lastCycle: cycle("a") }))));
    await znodes.put(paths.cycle, toJson(cycle("b")));
    assert.deepEqual(await answered(), JSON.parse(toJson(clusterStatus({ lastCycle: cycle("b") }))));
  });

  it("believes no cycle that was told before the status: the controller that acts now may tell none", async () => {
    await znodes.put(paths.cycle, toJson(cycle("b")));
    await znodes.put(paths.status, toJson(clusterStatus({ lastCycle: cycle("c") })));
    assert.deepEqual(await answered(), JSON.parse(toJson(clusterStatus({ lastCycle: cycle("c") }))));
  });

  it("is to a watch the same in its next session, as long as nothing new was seen", async () => {
    const open = openOverHttp({ url: url(), token: undefined });
    const looked = async () => {
      const view = await open();
      const { status } = await view.look();
      await view.close();
      return status;
    };
    const first = await looked();
    await znodes.put(paths.cycle, toJson(cycle("b")));
    assert.deepEqual(await looked(), first);
  });

  it("tells the command line of each cycle, and changes for none that saw nothing new", async () => {
    const view = viewOverHttp({ url: url(), token: undefined });
    const first = await view.look();
    await znodes.put(paths.cycle, toJson(cycle("b")));
    const second = await view.look();
    assert.deepEqual([first.cycle, second.cycle], ["a", "b"]);
    assert.deepEqual(second.status, first.status);
    await znodes.put(paths.status, toJson(clusterStatus({ lastCycle: cycle("c"), epoch: 9 })));
    await znodes.put(paths.cycle, toJson(cycle("c")));
    assert.deepEqual(
      (await view.look()).status,
      JSON.parse(toJson(clusterStatus({ lastCycle: cycle("c"), epoch: 9 }))),
    );
  });
});
