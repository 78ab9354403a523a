// Fills Node's compile cache (NODE_COMPILE_CACHE) with the modules that are named, one a line, on standard input. Programs then start
// without stripping their types and compiling again: a new worker serves a quarter of a second of processor time earlier.
import { flushCompileCache } from "node:module";
import { resolve } from "node:path";
import { createInterface } from "node:readline";

for await (const file of createInterface({ input: process.stdin })) await import(resolve(file));
flushCompileCache();
process.exit(0);
