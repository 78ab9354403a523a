// The users microservice: composes and listens. It holds no data.
import { createLog } from "../log.ts";
import { connect, serve } from "../run.ts";
import { createService } from "../service.ts";
import { userRoutes } from "./routes.ts";
import { UserRecords } from "./user-records.ts";

const log = createLog("users");
const database = connect(process.env);
const routes = userRoutes(new UserRecords(database));
serve(createService({ routes, database, log }), Number(process.env.PORT ?? 8000), log);
