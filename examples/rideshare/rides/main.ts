// The rides microservice: composes and listens. It holds no data.
import { createLog } from "../log.ts";
import { address, connect, serve } from "../run.ts";
import { createService } from "../service.ts";
import { RideRecords } from "./ride-records.ts";
import { rideRoutes } from "./routes.ts";
import { UserDirectory } from "./user-directory.ts";

const log = createLog("rides");
const database = connect(process.env);
const addresses = {
  loadBalancer: address(process.env, "LOAD_BALANCER_URL"),
  own: address(process.env, "OWN_URL"),
};
const routes = rideRoutes({
  rides: new RideRecords(database),
  users: new UserDirectory(addresses, database),
  now: () => new Date(),
});
serve(createService({ routes, database, log }), Number(process.env.PORT ?? 8000), log);
