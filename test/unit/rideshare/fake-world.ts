// RideShare whole, in one process: the two real microservices, a load balancer of a few lines, and the fake service.
import { createServer, request as forward, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Dbaas } from "../../../client/client.ts";
import { limits } from "../../../examples/rideshare/limits.ts";
import { RideRecords } from "../../../examples/rideshare/rides/ride-records.ts";
import { rideRoutes } from "../../../examples/rideshare/rides/routes.ts";
import { UserDirectory } from "../../../examples/rideshare/rides/user-directory.ts";
import { createService } from "../../../examples/rideshare/service.ts";
import { userRoutes } from "../../../examples/rideshare/users/routes.ts";
import { UserRecords } from "../../../examples/rideshare/users/user-records.ts";
import type { World } from "./contract/client.ts";
import { FakeService } from "./fake-service.ts";

const urlOf = (server: Server): URL => new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);

async function listen(listener: RequestListener): Promise<Server> {
  const server = createServer({ maxHeaderSize: limits.headerBytesMax }, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

export interface FakeWorld extends World {
  readonly service: FakeService;
  /** The Origin headers that users was asked with. */
  readonly origins: readonly (string | undefined)[];
  stop(): void;
}

const log = () => {};

export async function startFakeWorld(): Promise<FakeWorld> {
  const service = await FakeService.start();
  const origins: (string | undefined)[] = [];
  const targets = new Map<"users" | "rides", Server>();
  const balancer = await listen((request, response) => {
    const name = /^\/api\/v1\/users(\/|\?|$)/.test(request.url ?? "") ? "users" : "rides";
    if (name === "users") origins.push(request.headers.origin);
    const target = new URL(request.url ?? "/", urlOf(targets.get(name) ?? balancer));
    const onward = forward(target, { method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  const usersData = new Dbaas({ url: service.url });
  const users = createService({ routes: userRoutes(new UserRecords(usersData)), database: usersData, log });
  targets.set("users", await listen(users));
  const database = new Dbaas({ url: service.url });
  const addresses = { loadBalancer: urlOf(balancer), own: new URL("http://rides.test:8000") };
  const parts = {
    rides: new RideRecords(database),
    users: new UserDirectory(addresses, database),
    now: () => new Date(),
  };
  targets.set("rides", await listen(createService({ routes: rideRoutes(parts), database, log })));
  const servers = [balancer, ...targets.values()];
  return {
    service,
    origins,
    rideshare: () => urlOf(balancer),
    users: () => urlOf(targets.get("users") ?? balancer),
    stop: () => {
      service.stop();
      for (const server of servers) server.close();
      for (const server of servers) server.closeAllConnections();
    },
  };
}
