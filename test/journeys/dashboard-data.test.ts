// The data in the dashboard, in a real browser and on the real system: tables and rows as somebody sees them who looks around, SQL as
// somebody runs it, and what the page does not let through.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { call } from "../../tools/cluster/http.ts";
import { applyFields, applyManifest, baselineManifest } from "../../tools/cluster/manifest.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import {
  noBrowser,
  openBlank,
  openDashboard,
  origin,
  reloadDashboard,
  takeOut,
  throughNetworkChanges,
  useBrowser,
  visitPart,
} from "../support/browser.ts";
import { useCluster } from "../support/cluster.ts";
import { insertUsers, rowsNow } from "../support/database.ts";
import { tokenOf } from "../support/tokens.ts";

const skip = noBrowser;
const withinMs = 60_000;

const names = Array.from({ length: 120 }, (_, i) => `user${String(i).padStart(3, "0")}`);
const html = "<img src=x onerror=alert(1)>";

useCluster({ ready: () => insertUsers(...names) });
useBrowser();

const says = (page: Page, selector: string, text: string | RegExp): Promise<void> =>
  page.locator(selector, { hasText: text }).waitFor({ timeout: withinMs });

async function run(page: Page, sql: string): Promise<void> {
  await page.locator("#query").fill(sql);
  await page.locator("#query").press("Control+Enter");
}

const cells = (page: Page, place: string): Promise<readonly (readonly (string | null)[])[]> =>
  page
    .locator(`${place} tbody tr`)
    .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));

/** By the links, as somebody gets there. */
async function openUsers(page: Page): Promise<void> {
  await page.getByRole("link", { name: "Data" }).click();
  await page.getByRole("link", { name: "users", exact: true }).click();
  await says(page, "#rows-place td", names[49] ?? "");
}

test("tables are looked at page by page, and nothing is asked for before", { skip }, async (t) => {
  const { page } = await openDashboard(t);
  let asked = 0;
  page.on("request", (request) => {
    if (request.url().includes("/db/")) asked++;
  });
  await reloadDashboard(page);
  assert.equal(asked, 0, "the view of the cluster asks for no data");

  await openUsers(page);
  assert.equal(page.url(), `${origin}/#data/users`);
  await says(page, "#rows-count", "120 rows");
  // Those of SQL stay when a cluster is emptied: other journeys may have left some.
  const tables = await page.locator("#tables a").allTextContents();
  for (const name of ["riders", "rides", "users"]) assert.ok(tables.includes(name), `${name} in ${tables}`);
  assert.ok(!tables.some((name) => /^(_dbaas|sqlite_)/.test(name)), `only tables of users: ${tables}`);
  assert.deepEqual(
    (await cells(page, "#rows-place")).map(([name]) => name),
    names.slice(0, 50),
  );
  await page.getByRole("button", { name: "Next" }).click();
  await says(page, "#rows-place td", names[99] ?? "");
  await page.getByRole("button", { name: "Last" }).click();
  await says(page, "#rows-place td", names[119] ?? "");
  await page.getByRole("button", { name: "Previous" }).click();
  await says(page, "#rows-place td", names[20] ?? "");
});

test("SQL is run with exact values, and a write is asked about first and then seen", { skip }, async (t) => {
  const { page, complaints } = await openDashboard(t);
  await openUsers(page);
  await run(page, "SELECT 9007199254740993, NULL, 'NULL', x'00ff', 1.0, ''");
  await says(page, "#query-said", /^1 row · [\d.]+ m?s$/);
  assert.deepEqual(await cells(page, "#query-place"), [
    ["9007199254740993", "NULL", "NULL", "x'00ff' (2 bytes)", "1.0", "empty"],
  ]);
  assert.equal(await page.locator("#query-place td[data-kind=null]").count(), 1);

  const insert = `INSERT INTO users VALUES ('aaron', '${html}')`;
  await run(page, insert);
  await says(page, "#confirm-code", insert);
  await page.locator("#confirm-no").click();
  await says(page, "#query-said", "Not sent.");
  await run(page, insert);
  await page.locator("#confirm-yes").click();
  await says(page, "#query-said", "1 row affected");
  assert.deepEqual(await rowsNow({ table: "users", where: { username: "aaron" } }), [
    { username: "aaron", password: html },
  ]);
  // The open table is read again by itself.
  await says(page, "#rows-count", "121 rows");
  await says(page, "#rows-place td", html);

  await run(page, "SELECT missing FROM users");
  await says(page, "#query-said", /no such column: missing.*SQLITE_ERROR/);
  assert.equal(takeOut(complaints, /status of 400/).length, 1);
});

test("the view fits on a phone, needs no <dialog>, and takes no write with the token of a reader", {
  skip,
}, async (t) => {
  const { page, complaints } = await openBlank(t, { viewport: { width: 360, height: 800 }, hasTouch: true });
  await page.addInitScript("delete window.HTMLDialogElement");
  const { token, entry } = tokenOf("watcher", "reader");
  t.after(async () => applyManifest(await baselineManifest()));
  await applyFields({ tokens: `[${entry}]` });
  await until("the API asks for a token", withinMs, async () => {
    const { status } = await call("GET", "/api/v1/status");
    return status === 401 ? found(true) : notYet(status);
  });
  const refused = page.locator("#tables-note", { hasText: "a bearer token is needed" });
  await throughNetworkChanges(page, () => visitPart(page, "/#data/users"), [refused]);
  await page.locator("#sign-in-open").click();
  await page.getByLabel("Token").fill(token);
  await page.keyboard.press("Enter");
  await says(page, "#query-role", "Role reader: reads only");
  await says(page, "#rows-place td", names[1] ?? "");

  await run(page, "DELETE FROM users");
  await says(page, "#query-said", /^Not sent: writing needs the role writer; this token has the role reader/);
  assert.equal(await page.locator("#confirm").isVisible(), false, "a reader is not asked");
  await run(page, "SELECT count(*) FROM users");
  await says(page, "#query-said", /^1 row ·/);
  const beyond = await page.evaluate(
    "document.documentElement.scrollWidth - document.documentElement.clientWidth",
  );
  assert.equal(beyond, 0, "nothing scrolls sideways but the tables");
  takeOut(complaints, /status of 40[13]/);
});
