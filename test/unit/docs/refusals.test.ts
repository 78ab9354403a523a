// What docs/sql.md says of refusals, against those that there are.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type HttpCode, statusOf } from "../../../api/http/refusals.ts";
import type { RefusalCode } from "../../../core/errors.ts";
import { rootDir } from "../../../tools/cluster/settings.ts";

/** Of HTTP's own, whatever the request says; but `forbidden` is also what a statement may be. */
const ofHttp: Record<Exclude<HttpCode, RefusalCode | "forbidden">, true> = {
  unauthenticated: true,
  not_found: true,
  method_not_allowed: true,
  unsupported_media_type: true,
  conflict: true,
  headers_too_large: true,
  rate_limited: true,
};

test("the table of docs/sql.md has every refusal of a statement, with its status, and no other", () => {
  const text = readFileSync(join(rootDir, "docs", "sql.md"), "utf8");
  const [, table = ""] = text.split("| status | code | when |\n|---|---|---|\n");
  const [rows = ""] = table.split("\n\n");
  const told = rows.split("\n").flatMap((row) => {
    const [, statuses = "", codes = ""] = row.split("|");
    return [...codes.matchAll(/`(\w+)`/g)].map(([, code = ""]) => ({ code, statuses: statuses.split(",") }));
  });
  for (const { code, statuses } of told)
    assert.ok(statuses.map(Number).includes(statusOf[code as HttpCode]), `${code} in ${statuses}`);
  const all = Object.keys(statusOf).filter((code) => !(code in ofHttp));
  assert.deepEqual(told.map(({ code }) => code).sort(), all.sort());
});
