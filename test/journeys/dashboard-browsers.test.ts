// The pages in browsers that lack something: one whose user lets no site keep data, and one that knows no <dialog>.
import assert from "node:assert/strict";
import { test } from "node:test";
import { call } from "../../tools/cluster/http.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import { slavesOf } from "../../tools/cluster/workers.ts";
import {
  noBrowser,
  openBlank,
  openWithoutSiteData,
  origin,
  stands,
  throughNetworkChanges,
  useBrowser,
} from "../support/browser.ts";
import { settled, useCluster } from "../support/cluster.ts";
import { insertUsers } from "../support/database.ts";

const skip = noBrowser;
const slave = async () => slavesOf(await settled())[0];

useCluster();
useBrowser();

test("the dashboard and the page of the API work where the browser keeps no data of sites", {
  skip,
}, async (t) => {
  const { page } = await openWithoutSiteData(t);
  await throughNetworkChanges(page, async () => {
    await page.goto(origin);
    await stands(page, "live");
  });
  // That it is so, and not only hoped for.
  assert.match(
    String(await page.evaluate("(() => { try { return localStorage } catch (e) { return e.name } })()")),
    /SecurityError/,
  );
  const theme = page.locator("#theme");
  const before = await theme.getAttribute("aria-label");
  await theme.click();
  assert.notEqual(await theme.getAttribute("aria-label"), before);
  await throughNetworkChanges(page, async () => {
    await page.goto(`${origin}/docs`);
    await page.locator(".try").first().waitFor();
  });
  assert.ok((await page.locator(".try button").count()) > 5);
});

test("a browser without <dialog> shows everything, asks before it kills, and signs in", {
  skip,
}, async (t) => {
  const { page } = await openBlank(t);
  await page.addInitScript("delete window.HTMLDialogElement");
  await throughNetworkChanges(page, async () => {
    await page.goto(origin);
    await stands(page, "live");
  });
  const old = await slave();
  const confirm = page.locator("#confirm");
  await page.locator("#crashSlave").click();
  await page.locator("#confirm-no").click();
  await confirm.waitFor({ state: "hidden" });
  await page.locator("#crashSlave").click();
  await page.locator("#confirm-yes").click();
  await confirm.waitFor({ state: "hidden" });
  await until("another slave serves", 60_000, async () => {
    const now = await slave();
    return now !== undefined && now.id !== old?.id ? found(true) : notYet(now?.name);
  });
  await page.locator("#sign-in-open").dispatchEvent("click");
  await page.locator("#token").fill("a-token");
  await page.locator("#sign-in-form button").click();
  await page.locator("#sign-in").waitFor({ state: "hidden" });
  assert.equal(page.url(), `${origin}/`);
});

test("the page of the API shows large whole numbers digit by digit", { skip }, async (t) => {
  const { page } = await openBlank(t);
  await insertUsers("u");
  const large = "9007199254740993";
  const body = `{"op":"upsert","table":"rides","row":{"ride_id":1,"created_by":"u","timestamp":"t","source":${large},"destination":2}}`;
  assert.equal((await call("POST", "/api/v1/db/write", { body })).status, 200);
  await throughNetworkChanges(page, async () => {
    await page.goto(`${origin}/docs`);
    await page.locator(".try").first().waitFor();
  });
  const part = page.locator('article[data-path="/api/v1/db/read"] .try');
  await part.locator("summary").click();
  await part.locator("textarea").fill('{"table":"rides","consistency":"strong"}');
  await part.locator("button").click();
  await part.locator("pre", { hasText: large }).waitFor();
});
