import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { TransientError } from "../../../core/errors.ts";
import { errorOf, isStatementsFault, refusalOf } from "../../../worker/sqlite-errors.ts";

/** Every result code of the SQLite that this program is built with, from the sources that come with the package. */
function resultCodes(): ReadonlyMap<string, number> {
  const folder = new URL("../deps/", import.meta.resolve("sqlite3"));
  const archive = readdirSync(folder).find((name) => name.endsWith(".tar.gz")) ?? "";
  const sources = gunzipSync(readFileSync(new URL(archive, folder))).toString("latin1");
  const from = sources.indexOf("#define SQLITE_OK ");
  const until = sources.indexOf("end-of-error-codes", from);
  const codes = new Map<string, number>();
  for (const [, name = "", code] of sources.slice(from, until).matchAll(/^#define SQLITE_(\w+) +(\d+)/gm))
    codes.set(name, Number(code));
  const extended = /^#define SQLITE_(\w+) +\(SQLITE_(\w+) *\| *\((\d+)<<8\)\)/gm;
  for (const [, name = "", primary = "", more] of sources.matchAll(extended))
    codes.set(name, (codes.get(primary) ?? Number.NaN) | (Number(more) << 8));
  return codes;
}

/** What may be in each group, by the names of the primary codes. */
const wanted: Readonly<Record<string, string>> = {
  ERROR: "StatementError",
  MISMATCH: "StatementError",
  RANGE: "StatementError",
  AUTH: "StatementError",
  TOOBIG: "TooLargeError",
  CONSTRAINT: "ConstraintError",
  INTERRUPT: "InterruptedError",
  FULL: "StorageFullError",
  CORRUPT: "DamagedFileError",
  NOTADB: "DamagedFileError",
  NOMEM: "OutOfMemoryError",
  BUSY: "TransientError",
  LOCKED: "TransientError",
  PROTOCOL: "TransientError",
  SCHEMA: "TransientError",
};
const workersOwn =
  "INTERNAL PERM ABORT READONLY IOERR NOTFOUND CANTOPEN EMPTY MISUSE NOLFS FORMAT NOTICE WARNING";

const thrown = (name: string, errno: number): Error =>
  errorOf(Object.assign(new Error(`SQLITE_${name}: it went wrong`), { errno, code: `SQLITE_${name}` }));

describe("the result codes of SQLite", () => {
  const codes = resultCodes();
  const noErrors = new Set(["OK", "ROW", "DONE"]);
  const primaryOf = (code: number): string =>
    [...codes].find(([, other]) => other === (code & 0xff) && other < 256)?.[0] ?? "";

  it("are all known, the extended ones too, and each is of one kind", () => {
    assert.ok(codes.size > 100, `found only ${codes.size}`);
    for (const [name, code] of codes) {
      const primary = primaryOf(code);
      if (noErrors.has(primary)) continue;
      const isWorkersOwn = workersOwn.split(" ").includes(primary);
      assert.equal(thrown(name, code).name, isWorkersOwn ? "Error" : wanted[primary], `SQLITE_${name}`);
    }
  });

  it("that a request is at fault for are refusals, and say so of a record that does not fit a copy", () => {
    for (const [name, code] of codes) {
      const error = thrown(name, code);
      const isFault = ["StatementError", "TooLargeError", "ConstraintError"].includes(error.name);
      assert.equal(isStatementsFault(error), isFault, name);
      if (isFault)
        assert.match(refusalOf(error)?.code ?? "", /^(bad_request|too_large|constraint_violation)$/, name);
    }
  });

  it("of the file, of the machine and of other connections are no refusals", () => {
    const elsewhere = ["DamagedFileError", "TransientError", "Error"];
    for (const [name, code] of codes) {
      const error = thrown(name, code);
      if (elsewhere.includes(error.name)) assert.equal(refusalOf(error), null, name);
    }
    assert.ok(thrown("BUSY", 5) instanceof TransientError);
  });

  it("are not seen in errors of the operating system", () => {
    const missing = Object.assign(new Error("no such file"), { errno: -2, code: "ENOENT" });
    assert.equal(errorOf(missing), missing);
  });
});
