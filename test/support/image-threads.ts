// How many threads a process of the image has for SQLite, files and lookups: what waits for one must wait in tests as it does there.
import { readFileSync } from "node:fs";

const image = readFileSync(new URL("../../Dockerfile", import.meta.url), "utf8");

export const imageThreads = Number(/\bUV_THREADPOOL_SIZE=(\d+)/.exec(image)?.[1]);

/** For the processes that are started from now on. */
export function startWithImageThreads(): void {
  process.env.UV_THREADPOOL_SIZE ??= String(imageThreads);
}
