/**
 * Photographs every page of a running dashboard, in both themes, into docs/screenshots. A Chromium has to be
 * installed; CHROMIUM names its program when it is elsewhere than usual.
 *
 *     npm start
 *     node --import tsx scripts/screenshots.ts http://127.0.0.1:4000
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';

const FOLDER = fileURLToPath(new URL('../docs/screenshots/', import.meta.url));
const WIDE = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };
const SETTLED_WITHIN_MS = 20_000;

interface Shot {
  readonly name: string;
  readonly path: string;
  readonly phone?: boolean;
  /** What is done on the page before it is photographed. */
  readonly prepare?: (page: Page) => Promise<void>;
}

const SHOTS: readonly Shot[] = [
  { name: 'live', path: '/' },
  { name: 'live-phone', path: '/', phone: true },
  { name: 'live-past', path: '/', prepare: lookBack },
  { name: 'stock', path: '/stock' },
  { name: 'orders', path: '/orders' },
  { name: 'order', path: '/orders?status=HANDLED', prepare: openFirst('Order') },
  { name: 'reports', path: '/reports' },
  { name: 'report', path: '/reports', prepare: openFirst('Day') },
  { name: 'operations', path: '/operations' },
  { name: 'shop', path: '/shop' },
  { name: 'present', path: '/?present' },
];

/** Some hours back: a press takes a tenth of the day. */
async function lookBack(page: Page): Promise<void> {
  const rail = page.getByRole('slider', { name: 'Show the page as of' });
  await rail.focus();
  for (let presses = 0; presses < 2; presses += 1) await page.keyboard.press('PageDown');
  await page.getByText('Everything on this page is as it was at that instant.').waitFor();
}

/** Follows the first link of a table's first column. */
function openFirst(column: string): (page: Page) => Promise<void> {
  return async (page) => {
    await page.getByRole('columnheader', { name: column }).waitFor();
    await page.locator('tbody td:first-child a').first().click();
    await page
      .locator('h1')
      .filter({ hasNotText: /^(Orders|Reports)$/ })
      .waitFor();
  };
}

/** The page is there, nothing is loading any more, and the figures are the present. */
async function settled(page: Page): Promise<void> {
  await page.locator('main h1, main h2').first().waitFor({ state: 'attached', timeout: SETTLED_WITHIN_MS });
  await page.waitForSelector('[data-connection=good], .present', { timeout: SETTLED_WITHIN_MS });
  await page.waitForSelector('[data-status=loading]', { state: 'detached', timeout: SETTLED_WITHIN_MS });
}

async function photograph(browser: Browser, origin: string, shot: Shot, theme: 'light' | 'dark'): Promise<void> {
  const context = await browser.newContext({
    viewport: shot.phone === true ? PHONE : WIDE,
    colorScheme: theme,
    locale: 'en-GB',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  await page.goto(new URL(shot.path, origin).href);
  await settled(page);
  await shot.prepare?.(page);
  await settled(page);
  await page.screenshot({ path: path.join(FOLDER, `${shot.name}-${theme}.png`) });
  await context.close();
}

const [origin] = process.argv.slice(2);
if (origin === undefined || !URL.canParse(origin)) {
  console.error('name the address of a running dashboard, such as http://127.0.0.1:4000');
  process.exit(2);
}
await mkdir(FOLDER, { recursive: true });
const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  for (const shot of SHOTS) {
    for (const theme of ['light', 'dark'] as const) await photograph(browser, origin, shot, theme);
    console.log(shot.name);
  }
} finally {
  await browser.close();
}
