// The pages in browsers that lack something: one whose user lets no site keep data, and one that knows no <dialog>.
import assert from "node:assert/strict";
import { test } from "node:test";
import { describeApi } from "../../api/openapi/document.ts";
import { call } from "../../tools/cluster/http.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import { slavesOf } from "../../tools/cluster/workers.ts";
import { openRoute, sendRequest } from "../support/api-page.ts";
import {
  noBrowser,
  openBlank,
  openWithoutSiteData,
  origin,
  throughNetworkChanges,
  useBrowser,
  visitDashboard,
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
  await visitDashboard(page);
  // That it is so, and not only hoped for.
  assert.match(
    String(await page.evaluate("(() => { try { return localStorage } catch (e) { return e.name } })()")),
    /SecurityError/,
  );
  const theme = page.locator("#theme");
  const before = await theme.getAttribute("aria-label");
  await theme.click();
  assert.notEqual(await theme.getAttribute("aria-label"), before);
  await sendRequest(await openRoute(page, "Cluster/workers"), 200);
});

test("a browser without <dialog> shows everything, asks before it kills, and signs in", {
  skip,
}, async (t) => {
  const { page } = await openBlank(t);
  await page.addInitScript("delete window.HTMLDialogElement");
  await visitDashboard(page);
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
  const part = await openRoute(page, "Data/read");
  await part.locator("textarea").fill(`{"table":"rides","where":{"source":${large}},"consistency":"strong"}`);
  await sendRequest(part, 200);
  await part.locator(".live-responses-table pre", { hasText: `"source": ${large}` }).waitFor();
});

test("the page of the API shows every route, with its body and its answers", { skip }, async (t) => {
  const { page } = await openBlank(t);
  await throughNetworkChanges(page, () => page.goto(`${origin}/docs`), [page.locator(".opblock").first()]);
  const routes = Object.values(describeApi().paths).flatMap((methods) => Object.values(methods));
  const shown = await page.locator(".opblock").evaluateAll((blocks) => blocks.map(({ id }) => id));
  assert.deepEqual(
    shown.toSorted(),
    routes.map(({ tags, operationId }) => `operations-${tags[0]}-${operationId}`).toSorted(),
  );
});

test("the page of the API sends nothing that changes the service before it is confirmed", {
  skip,
}, async (t) => {
  const { page } = await openBlank(t);
  const asked: string[] = [];
  page.on("dialog", (dialog) => {
    asked.push(dialog.message());
    return dialog.dismiss();
  });
  let sent = 0;
  page.on("request", (request) => {
    if (request.method() === "POST") sent++;
  });
  const crash = await openRoute(page, "Cluster/crashMaster");
  await crash.locator(".execute").click();
  await crash.getByText("not sent").waitFor();
  assert.equal(asked.length, 1);
  assert.equal(sent, 0);
});
