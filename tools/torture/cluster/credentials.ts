// The users of the tortured cluster's broker and ZooKeeper, as `./dbaas up` made them.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { cluster, rootDir } from "../../cluster/settings.ts";

/** @returns `user:password` */
export async function credentialsFor(service: "RABBITMQ" | "ZOOKEEPER"): Promise<string> {
  const text = await readFile(join(rootDir, ".dbaas", `${cluster}.env`), "utf8");
  const value = (name: string): string => new RegExp(`^${service}_${name}=(.*)$`, "m").exec(text)?.[1] ?? "";
  return `${value("USER")}:${value("PASSWORD")}`;
}
