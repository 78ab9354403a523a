// One program of plain mode: `node main.ts api|master|slave`.
import { join } from "node:path";
import { variable } from "../../../platform/process/program.ts";
import { runApi } from "./api.ts";
import { openBroker } from "./broker.ts";
import { Database } from "./database.ts";
import { runMaster } from "./master.ts";
import { runSlave } from "./slave.ts";

const role = process.argv[2];
const broker = await openBroker(variable(process.env, "RABBITMQ_URL"));
const file = join(variable(process.env, "DATA_DIR", "/data"), "plain.db");

if (role === "api") await runApi(broker, Number(variable(process.env, "DBAAS_PORT", "80")));
else if (role === "master") await runMaster(broker, await Database.open(file, "FULL"));
else if (role === "slave") await runSlave(broker, await Database.open(file, "NORMAL"));
else throw new Error("usage: node main.ts api|master|slave");
