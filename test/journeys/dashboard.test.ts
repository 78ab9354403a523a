// The dashboard in a real browser, on the real system: a failover and a scale-out as somebody sees them who watches the
// page; both colour schemes, a phone, a keyboard, and nothing that the browser complains of.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { pace } from "../../dashboard/model/failover.ts";
import { call } from "../../tools/cluster/http.ts";
import { applyFields, applyManifest, baselineManifest } from "../../tools/cluster/manifest.ts";
import { signal } from "../../tools/cluster/orchestrator.ts";
import { seenMaster, seenWindow } from "../../tools/cluster/registry.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import { masterOf, slavesOf, workers } from "../../tools/cluster/workers.ts";
import {
  holdClock,
  noBrowser,
  openDashboard,
  reloadDashboard,
  takeOut,
  useBrowser,
  visitDashboard,
  watchAttribute,
} from "../support/browser.ts";
import { assertSameWorkers, settled, useCluster } from "../support/cluster.ts";
import { insertUsers, read } from "../support/database.ts";
import { shownMs, textOf, texts, untilCountsDownTo, untilText } from "../support/page-texts.ts";
import { tokenOf } from "../support/tokens.ts";
import { lateMs, windowAfter } from "../support/windows.ts";

const skip = noBrowser;

useCluster({ ready: () => insertUsers("somebody") });
useBrowser();

test("shows the workers that really run, with pids, roles and what they stand for", { skip }, async (t) => {
  const { page } = await openDashboard(t);
  await untilText(page, "#headline-title", /All is well/);
  const [real, oneHost] = [await workers(), await page.locator("#hosts-card").isHidden()];
  assert.ok(oneHost, "one host needs no table of hosts");
  const rows = await page
    .locator("#workers tbody tr")
    .evaluateAll((elements) =>
      elements.map((row) =>
        ["Name", "Pid", "Role"].map((title) => row.querySelector(`[data-title=${title}]`)?.textContent),
      ),
    );
  const expected = real.map(({ name, pid, state }) => [name, String(pid), state]);
  assert.deepEqual([...rows].sort(), [...expected].sort());
  const cards = await page
    .locator(".worker")
    .evaluateAll((elements) =>
      elements.map((card) => [card.getAttribute("data-worker"), card.getAttribute("data-look")]),
    );
  assert.deepEqual([...cards].sort(), real.map(({ name, state }) => [name, state]).sort());
  assert.match(
    (await page.locator("#topology").getAttribute("aria-label")) ?? "",
    /is master in epoch \d+; slaves: w-\d slave/,
  );
  assert.deepEqual(await texts(page, ".condition-name"), [
    "Ready",
    "Master available",
    "Data complete",
    "Slaves available",
    "Scaling",
    "Manifest valid",
    "Manifest applied",
    "Degraded",
    "Paused",
  ]);
});

test("works in as many pages as somebody opens: they share one stream, and their buttons work", {
  skip,
}, async (t) => {
  const { page } = await openDashboard(t);
  const others = [];
  for (let i = 0; i < 7; i++) {
    const other = await page.context().newPage();
    await visitDashboard(other);
    others.push(other);
  }
  await until("no page has a stream of its own any more", shownMs, async () => {
    const { text } = await call("GET", "/metrics");
    return /^dbaas_event_listeners(\{[^}]*\})? 1$/m.test(text) ? found(text) : notYet(text);
  });
  await page.getByRole("button", { name: "Switch over" }).click();
  await page.locator("#confirm-yes").click();
  await untilText(page, "#said", /was asked to step down/);
  for (const one of [page, ...others])
    await untilText(one, "#headline-title", /Whole again|All is well/, 60_000);
  await settled();
});

test("has a stream of its own where pages cannot share one", { skip }, async (t) => {
  const { page } = await openDashboard(t);
  await page.addInitScript("delete globalThis.SharedWorker");
  await reloadDashboard(page);
  await untilText(page, "#headline-title", /All is well|Whole again/);
});

test("tells the killing of a master: loss, election by pid, new epoch, replacement, whole again", {
  skip,
}, async (t) => {
  await applyFields({ max: "2", min: "2", baseline: "2" });
  const before = await settled(2);
  const lost = masterOf(before);
  const candidates = slavesOf(before);
  const { page } = await openDashboard(t);
  await untilText(page, "#observed", /^2$/);
  const stepsSeen = await watchAttribute(page, "#topology", "data-step");
  // The story stands still at each of its scenes until the test has seen it.
  const pass = await holdClock(page);
  await page.getByRole("button", { name: "Kill the master" }).click();
  await untilText(page, "#confirm-text", new RegExp(`${lost.name} \\(pid ${lost.pid}\\)`));
  await page.getByRole("button", { name: "Kill it" }).click();

  await untilText(page, "#headline-title", /Master lost/);
  assert.match(
    await textOf(page, "#headline-detail"),
    new RegExp(`${lost.name} \\(pid ${lost.pid}\\) is gone`),
  );
  assert.equal(await page.locator(".worker[data-look=dying]").count(), 1);

  await pass(pace.lostMs);
  const [lowest, other] = candidates.map(({ pid }) => pid);
  await untilText(page, "#headline-detail", new RegExp(`compare their pids: ${lowest}, ${other}\\.`));
  assert.equal(await page.locator(".worker[data-look=candidate]").count(), 2);
  await pass(pace.electionMs - pace.verdictMs);
  await untilText(page, "#headline-detail", new RegExp(`has the lowest pid, ${lowest}`));
  assert.equal(
    await page.locator(".worker[data-look=chosen]").getAttribute("data-worker"),
    candidates[0]?.name,
  );

  await pass(pace.verdictMs);
  const epochText = await untilText(page, "#headline-detail", /leads in epoch \d+/);
  const master = await seenMaster();
  assert.equal(master?.pid, lowest);
  assert.ok(epochText.startsWith(`${candidates[0]?.name} `), epochText);
  await pass(pace.epochMs);
  await untilText(page, "#headline-title", /Replacement/);
  await pass(pace.replacementMs);
  await untilText(page, "#headline-title", /Whole again/, 60_000);
  assert.deepEqual(await stepsSeen(), ["none", "lost", "election", "epoch", "replacement", "healed"]);

  await settled(2);
  await assertRecorded(page, `${lost.name} → ${candidates[0]?.name}`);
});

async function assertRecorded(page: Page, failover: string): Promise<void> {
  await untilText(page, "#failovers li:first-child .failover-who", new RegExp(`^${failover}$`));
  assert.match(await textOf(page, "#failovers li:first-child .failover-gap"), /^[\d.]+ m?s$/);
  assert.ok((await texts(page, ".event-reason")).includes("Elected"));
}

const windowMs = 60_000;

test("fills the window towards the next threshold, and shows the scale-out that follows", {
  skip,
}, async (t) => {
  await applyManifest(await baselineManifest());
  await settled();
  await read({ table: "users" });
  await applyFields({ max: "3", window: "60s" });
  const appliedAtMs = Date.now();
  const { page } = await openDashboard(t);
  const { startedAtMs } = await windowAfter(appliedAtMs, windowMs);
  await untilCountsDownTo(page, startedAtMs + windowMs);
  for (let i = 0; i < 45; i++) assert.equal((await read({ table: "users" })).status, 200);
  assert.equal((await seenWindow())?.startedAtMs, startedAtMs, "all reads fell into one window");
  await untilText(page, "#window-reads", /^45$/);
  assert.match(await textOf(page, "#window-sentence"), /If it ended now: 3 slaves/);
  assert.deepEqual(await page.locator(".stretch-slaves").allTextContents(), ["1 slave", "2", "3", "4"]);
  await untilText(page, "#desired", /^3$/, windowMs + lateMs);
  assert.match(await textOf(page, "#desired-reason"), /45 reads in 1m0s -> 3 slaves/);
  // Nobody reads in the windows that follow: the new slaves would go before one has seen them.
  await applyFields({ max: "3", min: "3", baseline: "3" });
  await untilText(page, "#observed", /^3$/, 60_000);
  assert.equal(await page.locator(".worker[data-look=slave]").count(), 3);
  assert.equal(await page.locator(".seat[data-state=ready]").count(), 3);
  assert.ok((await texts(page, ".event-message")).some((text) => /45 reads in 1m0s/.test(text)));
});

test("can be worked with a keyboard alone, and kills nobody without a yes", { skip }, async (t) => {
  const before = await workers();
  const { page } = await openDashboard(t);
  const focused = () => page.locator(":focus");
  await page.keyboard.press("Tab");
  assert.equal(await focused().textContent(), "Skip to the workers");
  const reached: string[] = [];
  for (;;) {
    await page.keyboard.press("Tab");
    const [id, outline] = (await page.evaluate(`(() => {
      const element = document.activeElement;
      return element === document.body ? [] : [element.id || element.textContent, getComputedStyle(element).outlineStyle];
    })()`)) as [string?, string?];
    if (id === undefined || reached.length > 30) break;
    reached.push(id);
    assert.notEqual(outline, "none", `the focus on ${id} can be seen`);
  }
  for (const id of ["theme", "switchover", "crashSlave", "crashMaster", "events-warnings"])
    assert.ok(reached.includes(id), `${id} is reached by Tab: ${reached}`);

  await page.locator("#crashMaster").focus();
  await page.keyboard.press("Enter");
  assert.equal(await focused().textContent(), "Leave it");
  await page.keyboard.press("Escape");
  await page.locator("#confirm").waitFor({ state: "hidden" });
  assert.equal(await focused().getAttribute("id"), "crashMaster");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await page.locator("#confirm").waitFor({ state: "hidden" });
  assert.equal(await textOf(page, "#said"), "");
  assertSameWorkers(await workers(), before);
});

test("has both colour schemes, follows the system's and keeps a choice", { skip }, async (t) => {
  const background = (page: Page) =>
    page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
  const light = await background((await openDashboard(t, { colorScheme: "light" })).page);
  const { page } = await openDashboard(t, { colorScheme: "dark" });
  const dark = await background(page);
  assert.notEqual(light, dark);
  await page.getByRole("button", { name: /^Colours: Auto/ }).click();
  assert.equal(await background(page), light);
  await reloadDashboard(page);
  assert.equal(await background(page), light);
  await page.getByRole("button", { name: /^Colours: Light/ }).click();
  assert.equal(await background(page), dark);
});

test("fits on a phone without scrolling sideways", { skip }, async (t) => {
  for (const width of [320, 390, 760]) {
    const { page } = await openDashboard(t, { viewport: { width, height: 800 }, hasTouch: true });
    const beyond = await page.evaluate(
      "document.documentElement.scrollWidth - document.documentElement.clientWidth",
    );
    assert.ok(Number(beyond) <= 0, `${beyond} px too wide at ${width} px`);
    if (width < 700) assert.equal(await page.locator("#topology").getAttribute("data-mode"), "narrow");
    const small = await page
      .locator("button:visible")
      .evaluateAll((buttons) =>
        buttons.map((button) => button.getBoundingClientRect().height).filter((height) => height < 32),
      );
    assert.deepEqual(small, [], "buttons can be touched");
  }
});

test("moves nothing for those who asked for less motion", { skip }, async (t) => {
  const { page } = await openDashboard(t, { reducedMotion: "reduce" });
  for (let i = 0; i < 5; i++) await read({ table: "users" });
  await untilText(page, "#topology", /reads\/s/);
  assert.equal(
    await page.evaluate("document.getAnimations().filter((one) => one.playState === 'running').length"),
    0,
  );
});

test("comes back by itself when the API was away", { skip }, async (t) => {
  const { page, complaints } = await openDashboard(t);
  const links = await watchAttribute(page, "html", "data-link");
  const eventsBefore = await texts(page, ".event-message");
  assert.ok(await signal("api", "KILL"), "there is an API to kill");
  await until("the page was offline and is live again", 30_000, async () => {
    const seen = await links();
    return seen.includes("lost") && seen.at(-1) === "live" ? found(seen) : notYet(seen);
  });
  assert.deepEqual((await texts(page, ".event-message")).slice(-eventsBefore.length), eventsBefore);
  // That the connection broke is what the browser rightly complains of here.
  takeOut(complaints, /ERR_|Failed to load/);
});

test("asks for a token where the service does, and for an admin's to kill", { skip }, async (t) => {
  const { page, complaints } = await openDashboard(t);
  const tokens = [tokenOf("watcher", "reader"), tokenOf("chief", "admin")] as const;
  t.after(async () => applyManifest(await baselineManifest()));
  await applyFields({ tokens: `[${tokens.map(({ entry }) => entry).join(", ")}]` });
  await until("the API asks for tokens", shownMs, async () => {
    const { status } = await call("GET", "/api/v1/status");
    return status === 401 ? found(true) : notYet(status);
  });

  const signIn = async (token: string) => {
    await page.getByLabel("Token").fill(token);
    await page.keyboard.press("Enter");
    await page.locator("#sign-in").waitFor({ state: "hidden" });
  };
  await reloadDashboard(page, "refused");
  await untilText(page, "#headline-title", /Sign in to look inside/);
  await page.getByRole("button", { name: "Sign in" }).click();
  await signIn(tokens[0].token);
  await untilText(page, "#headline-title", /All is well/);

  const pid = masterOf(await workers()).pid;
  const killTheMaster = async () => {
    await page.getByRole("button", { name: "Kill the master" }).click();
    await page.getByRole("button", { name: "Kill it" }).click();
  };
  await killTheMaster();
  await untilText(page, "#said", /needs the token of an admin/);
  assert.equal(masterOf(await workers()).pid, pid, "a reader kills nobody");
  await signIn(tokens[1].token);
  await killTheMaster();
  await untilText(page, "#said", new RegExp(`Killed the master, pid ${pid}`));
  // The refusals are what the browser rightly complains of here.
  takeOut(complaints, /status of 40[13]/);
});

test("is served with a policy that lets nothing else in", { skip }, async (t) => {
  const { page, complaints } = await openDashboard(t);
  const headers = await visitDashboard(page);
  assert.match(headers["content-security-policy"] ?? "", /default-src 'none'; script-src 'self'/);
  assert.equal(headers["x-content-type-options"], "nosniff");
  await page.evaluate(`(() => {
    window.ran = false;
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.body.append(script);
  })()`);
  assert.equal(await page.evaluate("window.ran"), false);
  assert.equal(takeOut(complaints, /Content Security Policy/).length, 1);
});
