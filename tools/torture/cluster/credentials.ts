// The users of the tortured cluster's broker and ZooKeeper, as `./dbaas up` made them.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { cluster, rootDir } from "../../cluster/settings.ts";

type Service = "RABBITMQ" | "ZOOKEEPER";

/** @returns `user:password` */
export const credentialsFor = (service: Service): Promise<string> =>
  credentialsIn(join(rootDir, ".dbaas"), service);

/** @param folder where `./dbaas` keeps what it made */
export async function credentialsIn(folder: string, service: Service): Promise<string> {
  const text = await readFile(join(folder, `${cluster}.env`), "utf8");
  const value = (name: string): string => new RegExp(`^${service}_${name}=(.*)$`, "m").exec(text)?.[1] ?? "";
  return `${value("USER")}:${value("PASSWORD")}`;
}
