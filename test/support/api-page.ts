// The page of the API in a browser, as a person uses it: a route is opened, tried and sent.
import type { Locator, Page } from "playwright-core";
import { throughNetworkChanges, visitPart } from "./browser.ts";

/** @param route its tag and id in the description, for instance `Data/read` */
export async function openRoute(page: Page, route: string): Promise<Locator> {
  const part = page.locator(`#operations-${route.replace("/", "-")}`);
  const tryOut = part.locator(".try-out__btn");
  await throughNetworkChanges(page, () => visitPart(page, `/docs#/${route}`), [tryOut]);
  await tryOut.click();
  return part;
}

export async function sendRequest(part: Locator, status: number): Promise<void> {
  await part.locator(".execute").click();
  const shown = part.locator(".live-responses-table .response-col_status", { hasText: String(status) });
  await shown.first().waitFor();
}

/** In place of the one that is there. */
export async function giveToken(page: Page, token: string): Promise<void> {
  await page.locator("button.authorize").first().click();
  await page.locator(".modal-ux button", { hasText: "Logout" }).click();
  await page.locator(".modal-ux input").fill(token);
  await page.locator(".modal-ux button.authorize").click();
  await page.locator(".modal-ux .btn-done").click();
}
