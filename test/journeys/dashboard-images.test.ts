// Pictures of the dashboard for the documentation, taken of the real system while it works. Only on request:
//   DBAAS_SCREENSHOTS=1 ./dbaas test
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { applyFields } from "../../tools/cluster/manifest.ts";
import { rootDir } from "../../tools/cluster/settings.ts";
import { holdClock, noBrowser, openDashboard, useBrowser } from "../support/browser.ts";
import { settled, useCluster } from "../support/cluster.ts";
import { crash, insertUsers } from "../support/database.ts";
import { startReading, startWriting } from "../support/traffic.ts";

const skip = process.env.DBAAS_SCREENSHOTS === undefined ? "nobody asked for pictures" : noBrowser;
const folder = join(rootDir, "docs", "images");

if (skip === false) {
  useCluster({
    ready: async () => {
      await insertUsers("somebody");
      await applyFields({ max: "3", min: "3", baseline: "3", window: "2m", readsPerSlave: "2000" });
      await settled(3);
    },
  });
  useBrowser();
}

const shot = (page: Page, name: string): Promise<unknown> =>
  page.screenshot({ path: join(folder, `${name}.png`) });

test("pictures of the dashboard", { skip }, async (t) => {
  await mkdir(folder, { recursive: true });
  startReading(t, 25, 3);
  await startWriting(t);
  const size = { viewport: { width: 1_440, height: 1_190 }, deviceScaleFactor: 1.5 };

  const { page: light } = await openDashboard(t, { ...size, colorScheme: "light" });
  await light.waitForTimeout(90_000);
  await shot(light, "dashboard-light");
  await crash("master");
  await light.locator(".worker[data-look=chosen]").waitFor();
  // The story stands still while its picture is taken.
  await holdClock(light);
  await shot(light, "dashboard-election");
  await light.close();
  await settled(3);

  const { page: phone } = await openDashboard(t, {
    viewport: { width: 390, height: 844 },
    deviceScaleFactor: 2,
    colorScheme: "dark",
  });
  await phone.waitForTimeout(5_000);
  await shot(phone, "dashboard-phone");
  await phone.close();

  const { page: dark } = await openDashboard(t, { ...size, colorScheme: "dark" });
  await dark.waitForTimeout(90_000);
  await shot(dark, "dashboard-dark");
});
