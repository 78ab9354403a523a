// What stands on a page of the dashboard, and the wait for it to say what the cluster already is.
import type { Page } from "playwright-core";
import { found, notYet, until } from "../../tools/cluster/until.ts";

/** How long the page may take. */
export const shownMs = 30_000;

export const textOf = async (page: Page, selector: string): Promise<string> =>
  (await page.locator(selector).textContent()) ?? "";

export const texts = (page: Page, selector: string): Promise<readonly string[]> =>
  page.locator(selector).allTextContents();

export const untilText = (
  page: Page,
  selector: string,
  pattern: RegExp,
  withinMs = shownMs,
): Promise<string> =>
  until(`${selector} says ${pattern}`, withinMs, async () => {
    const text = await textOf(page, selector);
    return pattern.test(text) ? found(text) : notYet(text);
  });

/** Both clocks are this machine's; the page draws four times a second. */
export const untilCountsDownTo = (page: Page, endsAtMs: number) =>
  until("the page counts down to the end of the window", shownMs, async () => {
    const shown = await textOf(page, "#window-left");
    const [, minutes, seconds] = /^(\d+):(\d\d)$/.exec(shown) ?? [];
    const leftSeconds = (endsAtMs - Date.now()) / 1_000;
    const differsBy = Math.abs(Number(minutes) * 60 + Number(seconds) - leftSeconds);
    return differsBy < 2 ? found(true) : notYet({ shown, leftSeconds });
  });
