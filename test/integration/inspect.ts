// What a worker's file holds, as the worker's own program tells it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../worker/copy/inspect.ts", import.meta.url));

/** Position, epoch and a digest of every table. */
export async function inspect(directory: string): Promise<string> {
  const child = spawn(process.execPath, [program, directory], { stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString("utf8");
  });
  // Its last words may come after its end.
  await once(child, "close");
  return text.trim();
}
