// The users microservice: composes and listens. It holds no data.
import { Database } from "../database.ts";
import { createLog } from "../log.ts";
import { address, serve } from "../run.ts";
import { createService } from "../service.ts";
import { userRoutes } from "./routes.ts";
import { UserRecords } from "./user-records.ts";

const log = createLog("users");
const database = new Database(address(process.env, "DBAAS_URL"), process.env.DBAAS_TOKEN);
const routes = userRoutes(new UserRecords(database));
serve(createService({ routes, database, log }), Number(process.env.PORT ?? 8000), log);
