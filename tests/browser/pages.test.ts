/** Every page of the dashboard in a browser: for everybody, by keyboard, from its own server, and light. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import axe from 'axe-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithChromium, launchChromium } from '../chromium.ts';
import { killAll } from '../cli.ts';
import { moreOrdersThan, newestOrder, order, standStill, statsOf } from './figures.ts';
import { START_LIMIT_MS, startEmbedded, type BrowsedShop } from './shops.ts';
import { becomes, panel, readLive, visit } from './visit.ts';

const TIMEOUT_MS = 180_000;
const SCRIPT_BYTES_MAX = 200_000;
const LAYOUT_SHIFT_MAX = 0.1;
const SLOWED = 4;

/** What a page is ready by: its own contents, whatever else it has. */
const PAGES: readonly (readonly [address: string, panel: string])[] = [
  ['/', 'Handling'],
  ['/stock', 'Balance of each product'],
  ['/orders', 'Page 1'],
  ['/orders/:order', 'What happened'],
  ['/reports', 'Daily reports'],
  ['/reports/:day', 'The day’s figures'],
  ['/operations', 'Projections'],
  ['/shop', 'Products'],
];
const LOOKS = [
  { name: 'light', colorScheme: 'light', width: 1440 },
  { name: 'dark', colorScheme: 'dark', width: 1440 },
  { name: 'light, narrow', colorScheme: 'light', width: 390 },
  { name: 'dark, narrow', colorScheme: 'dark', width: 390 },
] as const;

/** Runs in the page: what makes it wider than the window. */
const WIDER_THAN_THE_PAGE = `(() => {
  const { clientWidth, scrollWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  return [...document.querySelectorAll('body *')]
    .filter((each) => each.getBoundingClientRect().right > clientWidth)
    .map((each) => each.outerHTML.slice(0, 150))
    .slice(0, 5);
})()`;

/** Runs in the page before its own scripts. */
const COUNT_SHIFTS = `globalThis.shifts = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) shifts += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });`;

let dir: string;
let browser: Browser | undefined;
let shop: BrowsedShop;
let addressOf: (page: string) => string;

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly help: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
}

describeWithChromium('every page', () => {
  beforeAll(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-pages-'));
    browser = await launchChromium();
    shop = await startEmbedded(dir);
    await moreOrdersThan(shop.client, 60);
    await standStill(shop.client);
    // Something sold out, something low, and a report, so that each kind of state is on the pages.
    const [first, second] = (await statsOf(shop.client)).stock;
    await order(shop.client, first!.productId, first!.balance);
    await order(shop.client, second!.productId, second!.balance - 1);
    const { shop: told } = await shop.client.ask<{ shop: { day: string } }>('{ shop { day } }');
    const day = new Date(Date.parse(told.day) - 86_400_000).toISOString().slice(0, 10);
    await shop.client.ask('mutation($day: LocalDate!) { makeReport(day: $day) { day } }', { day });
    const { id } = await newestOrder(shop.client);
    addressOf = (page) => shop.url + page.replace(':order', encodeURIComponent(id)).replace(':day', day);
  }, START_LIMIT_MS);
  afterAll(async () => {
    await browser?.close();
    await killAll();
    await rm(dir, { recursive: true, force: true });
  });

  const ready = async (page: Page, title: string): Promise<void> => {
    await panel(page, title).and(page.locator('[data-status="ready"]')).waitFor();
    await becomes(() => page.locator('[data-status="loading"]').count(), 0);
  };

  it.each(PAGES)(
    '%s is for everybody, asks nobody else and has no errors',
    async (address, title) => {
      const { page, leave } = await visit(browser!, addressOf(address), { reducedMotion: 'reduce' });
      await ready(page, title);
      await page.evaluate(axe.source);
      const found: string[] = [];
      for (const { name, colorScheme, width } of LOOKS) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 900 });
        const { violations } = await page.evaluate<{ violations: Violation[] }>(
          'axe.run(document, { resultTypes: ["violations"] })',
        );
        for (const { id, impact, help, nodes } of violations) {
          const where = nodes
            .map(({ target, failureSummary }) => `${target.join(' ')}: ${failureSummary}`)
            .join('\n  ');
          const line = `${address}, ${name}: ${impact}: ${id}: ${help}\n  ${where}`;
          if (impact === 'serious' || impact === 'critical') found.push(line);
          else console.log(line);
        }
        for (const wide of await page.evaluate<string[]>(WIDER_THAN_THE_PAGE))
          found.push(`${address}, ${name}: can be scrolled sideways: ${wide}`);
      }
      expect.soft(found).toEqual([]);
      await leave();
    },
    TIMEOUT_MS,
  );

  it('is light, stands still, and answers on a slow machine', { timeout: TIMEOUT_MS }, async () => {
    const scripts = new Map<string, number>();
    const encodings = new Set<string>();
    const { page, leave } = await visit(browser!, shop.url, {}, async (opened) => {
      await opened.addInitScript(COUNT_SHIFTS);
      const devtools = await opened.context().newCDPSession(opened);
      await devtools.send('Network.enable');
      await devtools.send('Emulation.setCPUThrottlingRate', { rate: SLOWED });
      devtools.on('Network.responseReceived', ({ requestId, type, response }) => {
        if (type !== 'Script') return;
        scripts.set(requestId, 0);
        encodings.add(response.headers['content-encoding'] ?? 'none');
      });
      devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
        if (scripts.has(requestId)) scripts.set(requestId, encodedDataLength);
      });
      // The gzipped size is what counts; browsers would rather have a smaller one.
      await opened.setExtraHTTPHeaders({ 'accept-encoding': 'gzip' });
    });
    await ready(page, 'Handling');
    const bytes = [...scripts.values()].reduce((sum, size) => sum + size, 0);
    const paint = 'performance.getEntriesByName("first-contentful-paint")[0].startTime';
    const paintedMs = await page.evaluate<number>(paint);
    await order(shop.client, (await statsOf(shop.client)).stock[2]!.productId, 1);
    await becomes(async () => (await readLive(page)).orders, String((await statsOf(shop.client)).ordersToday));
    const shift = await page.evaluate<number>('shifts');
    await page.getByRole('link', { name: 'Operations' }).click();
    await ready(page, 'Projections');
    console.log(
      `first load: ${scripts.size} scripts of ${bytes} bytes (${[...encodings].join()}); first contentful paint ` +
        `after ${Math.round(paintedMs)} ms at 1/${SLOWED} speed; layout shift ${shift.toFixed(4)}`,
    );
    expect([...encodings]).toEqual(['gzip']);
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(SCRIPT_BYTES_MAX);
    expect(shift).toBeLessThanOrEqual(LAYOUT_SHIFT_MAX);
    await leave();
  });

  it('can be used by keyboard, and shows where the focus is', { timeout: TIMEOUT_MS }, async () => {
    const { page, leave } = await visit(browser!, shop.url);
    await ready(page, 'Handling');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the page');
    for (const [address, title] of PAGES.filter(([each]) => !each.includes(':') && each !== '/')) {
      const link = page.locator(`nav a[href="${address}"]`);
      await tabTo(page, `nav a[href="${address}"]`);
      expect(await seen(page), address).toBe(true);
      await page.keyboard.press('Enter');
      await ready(page, title);
      expect(await link.getAttribute('aria-current')).toBe('page');
    }
    // On the last of them, the shop: buys something that is there.
    const { name } = (await statsOf(shop.client)).stock[3]!;
    await tabTo(page, `button[aria-label="Add ${name} to the basket"]`);
    expect(await seen(page)).toBe(true);
    await page.keyboard.press('Enter');
    await tabTo(page, 'input[autocomplete="name"]');
    expect(await seen(page)).toBe(true);
    await page.keyboard.type('Åsa Öberg');
    await page.keyboard.press('Tab');
    await page.keyboard.type('asa@example.com');
    await page.keyboard.press('Enter');
    await panel(page, 'Your order').getByText('Accepted.').waitFor();
    await page.goto(addressOf('/stock'));
    await ready(page, 'Balance of each product');
    await tabTo(page, 'button[aria-label^="Restock "]');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toMatch(/^Restock /);
    await leave();
  });

  /** Presses Tab until the focus is there. */
  const tabTo = async (page: Page, selector: string): Promise<void> => {
    const there = `document.activeElement.matches(${JSON.stringify(selector)})`;
    for (let presses = 0; presses < 200; presses++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate<boolean>(there)) return;
    }
    throw new Error(`Tab does not get to ${selector}`);
  };

  /** Whether what has the focus looks so. */
  const seen = (page: Page): Promise<boolean> =>
    page.evaluate<boolean>(`(() => {
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement);
      return (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1) || boxShadow !== 'none';
    })()`);
});
