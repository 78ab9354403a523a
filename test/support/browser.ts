// A real Chromium on the dashboard of the tests' cluster. Whatever the page complains of, and whatever it asks other hosts
// for, fails the test that opened it.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext } from "node:test";
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
  type Request,
} from "playwright-core";
import { ports } from "../../tools/cluster/settings.ts";

const candidates = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

const executablePath = candidates.find((path) => path !== undefined && existsSync(path));

/** For `test(…, { skip })`. */
export const noBrowser: string | false =
  executablePath === undefined && "there is no Chromium on this machine";

/** No sandbox: the tests may run as root. The rest keeps it from looking for hosts of its own. */
const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const origin = `http://127.0.0.1:${ports.api}`;

let browser: Browser | undefined;

/** To be called once at the top of a test file. */
export function useBrowser(): void {
  before(async () => {
    if (executablePath !== undefined) browser = await chromium.launch({ executablePath, args });
  });
  after(() => browser?.close());
}

/** Chromium gives up requests when the machine's networks change, as they do whenever a container starts or ends. */
const notOurs = /ERR_NETWORK_CHANGED/;
/** On a machine that is busy with clusters. */
const standsWithinMs = 60_000;

export interface Opened {
  readonly page: Page;
  /** What the browser complained of so far. A test that provokes a complaint takes it out. */
  readonly complaints: string[];
}

/** What the page says of its connection: it shows the cluster, or is asked for a token. */
type Link = "live" | "refused";

/** Opens the dashboard and waits until it stands. Closed with the test, which fails if there were complaints. */
export async function openDashboard(
  test: TestContext,
  options: BrowserContextOptions = {},
  link: Link = "live",
): Promise<Opened> {
  const opened = await openBlank(test, options);
  await visitDashboard(opened.page, link);
  return opened;
}

/** @returns the headers that it came with */
export async function visitDashboard(
  page: Page,
  link: Link = "live",
): Promise<Readonly<Record<string, string>>> {
  let headers = {};
  const open = async () => {
    headers = (await page.goto(origin))?.headers() ?? {};
  };
  await throughNetworkChanges(page, open, dashboardIn(page, link));
  return headers;
}

export async function reloadDashboard(page: Page, link: Link = "live"): Promise<void> {
  await throughNetworkChanges(page, () => page.reload(), dashboardIn(page, link));
}

/** By which one sees that the page shows the cluster, or asks for a token. */
function dashboardIn(page: Page, link: Link): readonly Locator[] {
  const linked = page.locator(`html[data-link=${link}]`);
  return link === "live" ? [linked, page.locator(".worker").first()] : [linked];
}

/** A browser that keeps no data of sites, as its user has set it. */
export async function openWithoutSiteData(test: TestContext): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), "browser-"));
  await mkdir(join(folder, "Default"));
  const preferences = { profile: { default_content_setting_values: { cookies: 2 } } };
  await writeFile(join(folder, "Default", "Preferences"), JSON.stringify(preferences));
  assert.ok(executablePath !== undefined, "there is a browser");
  const context = await chromium.launchPersistentContext(folder, { executablePath, args });
  const opened = watched(test, await context.newPage());
  test.after(() => rm(folder, { recursive: true, force: true }));
  return opened;
}

export async function openBlank(test: TestContext, options: BrowserContextOptions = {}): Promise<Opened> {
  assert.ok(browser !== undefined, "there is a browser");
  const context = await browser.newContext({ viewport: { width: 1_440, height: 900 }, ...options });
  return watched(test, await context.newPage());
}

function watched(test: TestContext, page: Page): Opened {
  const complaints: string[] = [];
  page.setDefaultTimeout(standsWithinMs);
  page.on("console", (message) => {
    if ((message.type() === "error" || message.type() === "warning") && !notOurs.test(message.text()))
      complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(origin)) complaints.push(`asks ${request.url()}`);
  });
  test.after(async () => {
    await page.context().close();
    assert.deepEqual(complaints, []);
  });
  return { page, complaints };
}

/** What the browser rightly complains of in a test. */
export function takeOut(complaints: string[], pattern: RegExp): readonly string[] {
  const expected = complaints.filter((text) => pattern.test(text));
  complaints.splice(0, complaints.length, ...complaints.filter((text) => !pattern.test(text)));
  return expected;
}

/** Loads it also where it is open already: by itself a browser only scrolls to what stands behind a `#`. */
export async function visitPart(page: Page, path: string): Promise<void> {
  await page.goto("about:blank");
  await page.goto(`${origin}${path}`);
}

/** What such a change has hit while the page loads comes right within this, or not before the page is loaded again. */
const recoversMs = 5_000;
const attemptsMax = 10;

/** Opens a page and waits until all of that is shown in it; again where such a change has hit what it loads. */
export async function throughNetworkChanges(
  page: Page,
  open: () => Promise<unknown>,
  shown: readonly Locator[],
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const hit = new AbortController();
    const onFailed = (request: Request) => {
      if (notOurs.test(request.failure()?.errorText ?? "")) hit.abort();
    };
    page.on("requestfailed", onFailed);
    try {
      await open();
      const standing = Promise.all(shown.map((one) => one.waitFor({ timeout: standsWithinMs })));
      if (await Promise.race([standing.then(() => true), hitFor(hit.signal)])) return;
      assert.ok(attempt < attemptsMax, "the networks of this machine change all the time");
    } catch (error) {
      if (!hit.signal.aborted || attempt === attemptsMax) throw error;
    } finally {
      page.off("requestfailed", onFailed);
    }
  }
}

/** @returns when the hit is so long ago that what it hit does not come right by itself */
const hitFor = (hit: AbortSignal): Promise<false> =>
  new Promise((resolve) => {
    const begin = () => setTimeout(resolve, recoversMs, false).unref();
    if (hit.aborted) begin();
    else hit.addEventListener("abort", begin, { once: true });
  });

/** Every value that an attribute takes from now on, the present one first. */
export async function watchAttribute(
  page: Page,
  selector: string,
  name: string,
): Promise<() => Promise<readonly string[]>> {
  // Code for the page is text here: this side of the test knows no browser's types.
  const seen = await page.evaluateHandle(`(() => {
    const element = document.querySelector(${JSON.stringify(selector)});
    const value = () => element.getAttribute(${JSON.stringify(name)}) ?? "";
    const values = [value()];
    new MutationObserver(() => value() !== values.at(-1) && values.push(value())).observe(element, { attributes: true });
    return values;
  })()`);
  return async () => (await seen.jsonValue()) as readonly string[];
}

/** The page's clock stands still from now on. @returns lets so much time pass on it */
export async function holdClock(page: Page): Promise<(ms: number) => Promise<void>> {
  const pass = async (ms: number): Promise<void> => {
    await page.evaluate(`(() => { const atMs = Date.now() + ${ms}; Date.now = () => atMs; })()`);
  };
  await pass(0);
  return pass;
}
