// The native client would ask the system for its servers' addresses in the event loop. While a name has no answer, as that of a lost host, the
// whole program stands still for as long as the system waits: so it is given addresses, and looks up no name.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** In front of the system's: notes each lookup of an address; as "n" that of a name in the thread of the event loop. */
const counting = `#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  static int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
  if (next == 0) next = dlsym(RTLD_NEXT, "getaddrinfo");
  int file = open(getenv("LOOKUPS"), O_WRONLY | O_APPEND | O_CREAT, 0600);
  int waits = syscall(SYS_gettid) == getpid() && strspn(node, "0123456789.:") != strlen(node);
  if (file >= 0) { if (write(file, waits ? "n" : ".", 1) < 0) abort(); close(file); }
  return next(node, service, hints, found);
}
`;

const whyNot =
  process.platform === "linux" ? false : "the lookups of another system are counted in another way";

describe("a client of ZooKeeper", { skip: whyNot }, () => {
  it("asks for the addresses of its servers when it connects, outside of the event loop, and no more while it is connected", async (t) => {
    const directory = await mkdtemp(join(tmpdir(), "lookups-"));
    t.after(() => rm(directory, { recursive: true }));
    const [source, library, lookups] = ["counting.c", "counting.so", "lookups"].map((name) =>
      join(directory, name),
    ) as [string, string, string];
    await writeFile(source, counting);
    await execute("cc", ["-shared", "-fPIC", "-o", library, source, "-ldl"]);
    const client = fileURLToPath(new URL("./lookups-client.ts", import.meta.url));
    const { stdout } = await execute(process.execPath, [client], {
      env: { ...process.env, LD_PRELOAD: library, LOOKUPS: lookups },
      timeout: 60_000,
    });
    const [before, after] = JSON.parse(stdout) as [number, number];
    assert.ok(before > 0, "no lookup was counted");
    assert.equal(after, before);
    const noted = await readFile(lookups, "utf8");
    assert.equal(noted.length, after);
    assert.ok(!noted.includes("n"), "the event loop waited for the lookup of a name");
  });
});
