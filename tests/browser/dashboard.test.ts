/** The dashboard in a browser, in front of the running shop in both modes: what it shows is what the API says. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWithChromium, launchChromium } from '../chromium.ts';
import { killAll } from '../cli.ts';
import { describeWithEngines } from '../engines.ts';
import { asShown, moreOrdersThan, newestOrder, order, standStill, statsOf } from './figures.ts';
import { configureSimulator, START_LIMIT_MS, startEmbedded, startOnEngines, type BrowsedShop } from './shops.ts';
import { becomes, panel, readLive, visit, type LiveFigures } from './visit.ts';

const TIMEOUT_MS = 120_000;
const CATCH_UP_LIMIT_MS = 20_000;
const LOOK_EVERY_MS = 100;
/** Long enough for PLACED to be seen, whatever is drawn. */
const UNHURRIED = { chance: 1, delayMs: 4_000, attempts: 1 };
const LOST = /WebSocket|ERR_CONNECTION|Failed to load resource|ERR_EMPTY_RESPONSE/;

let dir: string;
let browser: Browser | undefined;

describeWithChromium('the dashboard in a browser', () => {
  beforeAll(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-browser-'));
    browser = await launchChromium();
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser?.close();
    await killAll();
    await rm(dir, { recursive: true, force: true });
  });

  describe('embedded', () => {
    inFrontOf(() => startEmbedded(path.join(dir, 'embedded')));
  });
  describeWithEngines('on Kafka and MongoDB', (engines) => {
    inFrontOf(() => startOnEngines(path.join(dir, 'engines'), engines));
  });
});

function inFrontOf(start: () => Promise<BrowsedShop>): void {
  let shop: BrowsedShop;

  beforeAll(async () => {
    shop = await start();
    await moreOrdersThan(shop.client, 60);
  }, START_LIMIT_MS);
  afterAll(async () => {
    await killAll();
  });

  /** The page shows what the API says, of the present or of another instant; gives back what that was. */
  const shows = async (page: Page, at?: number): Promise<LiveFigures> => {
    const until = performance.now() + CATCH_UP_LIMIT_MS;
    for (;;) {
      const expected = asShown(await statsOf(shop.client, at));
      const shown = await readLive(page);
      if (isDeepStrictEqual(shown, expected)) return shown;
      // Frames are under way, and windows slide in between: then both are read once more.
      if (performance.now() > until) expect(shown).toEqual(expected);
      await pause(LOOK_EVERY_MS);
    }
  };

  it('shows the figures that the API gives', { timeout: TIMEOUT_MS }, async () => {
    const { page, leave } = await visit(browser!, shop.url);
    await standStill(shop.client);
    const figures = await shows(page);
    expect(figures).toMatchObject({ open: '0 open' });
    expect(Number(figures.orders?.replaceAll(',', ''))).toBeGreaterThan(60);
    expect(figures.top).toHaveLength(5);
    expect(await page.locator('[data-status="ready"]').count()).toBeGreaterThan(7);
    await leave();
  });

  it('shows an order of one’s own in the figures and in the feed', { timeout: TIMEOUT_MS }, async () => {
    await standStill(shop.client);
    await configureSimulator(shop.client, { handling: UNHURRIED });
    const live = await visit(browser!, shop.url);
    const before = await statsOf(shop.client);
    await shows(live.page);
    const { page, leave } = await visit(browser!, `${shop.url}/shop`);
    await page
      .getByRole('button', { name: /^Add .+ to the basket$/ })
      .first()
      .click();
    await page.getByLabel('Your name').fill('Åsa Öberg');
    await page.getByLabel('Your e-mail').fill('asa@example.com');
    await page.getByRole('button', { name: 'Place the order' }).click();
    const link = page.getByRole('link', { name: /^Order / });
    await link.waitFor();
    const address = (await link.getAttribute('href')) ?? '';

    const row = live.page.locator(`li:has(a[href="${address}"])`);
    await row.getByText('PLACED').waitFor();
    // The very element is marked: the row has to turn where it stands.
    const selector = JSON.stringify(`li:has(a[href="${address}"])`);
    await live.page.evaluate(`document.querySelector(${selector}).setAttribute('data-seen', 'placed')`);
    expect(asShown({ ...before, ordersToday: before.ordersToday + 1 }).orders).toBe((await readLive(live.page)).orders);
    await live.page.locator('li[data-seen="placed"]').getByText('HANDLED').waitFor();
    expect(await row.count()).toBe(1);
    await shows(live.page);
    expect((await statsOf(shop.client)).handledToday).toBe(before.handledToday + 1);
    await live.leave();

    await panel(page, 'Your order').getByText('Handled after').waitFor();
    await link.click();
    const happened = panel(page, 'What happened');
    await happened.getByText('E-mail to asa@example.com').waitFor();
    expect(await happened.getByRole('listitem').allInnerTexts()).toHaveLength(3);
    expect(await happened.getByLabel('Done').count()).toBe(3);
    const mail = panel(page, 'E-mail as sent');
    await mail.getByText('Dear Åsa').waitFor();
    expect(await mail.locator('dd').allInnerTexts()).toEqual([
      'asa@example.com',
      expect.stringContaining('Your order'),
    ]);
    await mail.getByText('The file, byte by byte').click();
    expect(await mail.locator('pre.source').innerText()).toContain('Subject: ');
    await leave();
  });

  it('refuses what is sold out, and raises a balance', { timeout: TIMEOUT_MS }, async () => {
    await standStill(shop.client);
    const product = (await statsOf(shop.client)).stock.toSorted((a, b) => b.balance - a.balance)[0]!;
    await order(shop.client, product.productId, product.balance - 3);
    const { page, leave } = await visit(browser!, `${shop.url}/shop`);
    const card = panel(page, 'Products').getByRole('listitem').filter({ hasText: product.name });
    await card.getByText('3 left').waitFor();
    await card.getByRole('button').click();
    await page.getByLabel(`How many: ${product.name}`).fill('50');
    await page.getByLabel('Your name').fill('Åsa Öberg');
    await page.getByLabel('Your e-mail').fill('asa@example.com');
    await page.getByRole('button', { name: 'Place the order' }).click();
    const refusal = panel(page, 'Basket').getByRole('status');
    await expect
      .poll(() => refusal.innerText(), { timeout: 10_000 })
      .toMatch(/sold out|only 3|3 (are )?left|available/i);
    expect(await panel(page, 'Your order').count()).toBe(0);

    await page.getByRole('link', { name: 'Stock' }).click();
    const row = page.getByRole('row').filter({ hasText: product.name });
    await becomes(() => row.locator('[data-label="Balance"]').innerText(), '3');
    await row.getByRole('button', { name: `Restock ${product.name}` }).click();
    await page.getByLabel('Units that came in').fill('250');
    await page.getByRole('button', { name: 'Receive' }).click();
    await becomes(() => row.locator('[data-label="Balance"]').innerText(), '253');
    await page.getByText(`Received 250 × ${product.name}.`).waitFor();
    const now = (await statsOf(shop.client)).stock.find(({ productId }) => productId === product.productId);
    expect(now?.balance).toBe(253);
    await leave();
  });

  it('pauses and resumes the simulator', { timeout: TIMEOUT_MS }, async () => {
    await standStill(shop.client);
    await configureSimulator(shop.client, { handling: { ...UNHURRIED, delayMs: 1_000 } });
    const before = await statsOf(shop.client);
    const { page, leave } = await visit(browser!, `${shop.url}/operations`);
    const simulator = panel(page, 'Simulator');
    await simulator.getByText('Paused.', { exact: true }).first().waitFor();
    await simulator.getByRole('button', { name: 'Resume' }).click();
    await simulator.getByText('Running:').waitFor();
    await moreOrdersThan(shop.client, before.ordersToday + 40);
    await simulator.getByRole('button', { name: 'Pause' }).click();
    await simulator.getByRole('button', { name: 'Resume' }).waitFor();
    const { simulator: settings } = await shop.client.ask<{ simulator: object }>('{ simulator { paused } }');
    expect(settings).toEqual({ paused: true });
    await leave();
  });

  it('rebuilds a projection, and the figures stay as they are', { timeout: TIMEOUT_MS }, async () => {
    await standStill(shop.client);
    const before = await statsOf(shop.client);
    const live = await visit(browser!, shop.url);
    await shows(live.page);
    const { page, leave } = await visit(browser!, `${shop.url}/operations`);
    const projections = panel(page, 'Projections');
    await projections.getByText('from orders').first().waitFor();
    // Keeps what the line says from its first word on: folding takes less time than looking does.
    await page.evaluate(`globalThis.said = [];
      new MutationObserver(() => {
        const text = document.querySelector('tr.rebuild')?.textContent.trim();
        if (text !== undefined && text !== said.at(-1)) said.push(text);
      }).observe(document.body, { subtree: true, childList: true, characterData: true });`);
    await projections.getByRole('button', { name: 'Rebuild sales from the log' }).click();
    const swapped = /^Rebuilt at \d\d:\d\d:\d\d: [\d,]+ records folded; generation (\d+) is read now, no differences/;
    await projections.getByText(swapped).waitFor();
    const said = await page.evaluate<string[]>('said');
    expect(said[0]).toMatch(/^(Folding generation \d+: [\d,]+ of [\d,]+ records|Comparing generation \d+)/);
    const [, generation] = swapped.exec(said.at(-1)!)!;
    await projections
      .getByText(`generation ${generation ?? ''}`, { exact: false })
      .first()
      .waitFor();
    const { at: _at, handledPer5mAverage: _a, ...now } = await statsOf(shop.client);
    const { ordersToday, salesToday, handledToday, stock } = before;
    expect(now).toMatchObject({ ordersToday, salesToday, handledToday, stock });
    await shows(live.page);
    await live.leave();
    await leave();
  });

  it('shows the page as of another instant, in a frame', { timeout: TIMEOUT_MS }, async () => {
    await standStill(shop.client);
    const present = await statsOf(shop.client);
    const newest = Date.parse((await newestOrder(shop.client)).placedAt);
    const { page, leave } = await visit(browser!, shop.url);
    await shows(page);
    const frame = 'getComputedStyle(document.querySelector(".live")).outlineStyle';
    expect(await page.evaluate(frame)).toBe('none');
    const rail = page.getByRole('slider', { name: 'Show the page as of' });
    await rail.focus();
    const at = async (): Promise<number> => Number(await rail.inputValue());
    // Before the last order, so that the figures of then are others than those of now.
    for (let presses = 0; presses < 100 && (await at()) > newest - 1_000; presses++) await rail.press('ArrowLeft');
    await page.getByText('Everything on this page is as it was at that instant.').waitFor();
    const then = await at();
    expect(then).toBeLessThan(newest);
    const figures = await shows(page, then);
    expect(figures.orders).not.toBe(asShown(present).orders);
    expect(await page.evaluate(frame)).toBe('solid');
    await page
      .getByText(/^As of /)
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Back to now' }).first().click();
    await shows(page);
    expect(await page.evaluate(frame)).toBe('none');
    expect(await page.getByText(/^As of /).count()).toBe(0);
    await leave();
  });

  it('says that the connection is lost, and comes back by itself', { timeout: TIMEOUT_MS }, async () => {
    await standStill(shop.client);
    const { page, leave } = await visit(browser!, shop.url);
    const before = await shows(page);
    await page.evaluate('globalThis.notReloaded = true');
    await shop.kill();
    await page.locator('[data-connection="bad"]').getByText('Connection lost').waitFor();
    await panel(page, 'Orders since 00:00')
      .getByText(/^Connection lost\. Figures as of \d\d:\d\d:\d\d/)
      .waitFor();
    // Every panel says so: none shows its figures as if they were the present.
    await becomes(() => page.locator('[data-status="ready"]').count(), 0);
    const greyed = 'getComputedStyle(document.querySelector("[data-figure]").closest(".contents")).filter';
    expect(await page.evaluate(greyed)).toBe('grayscale(1)');
    expect(await readLive(page)).toMatchObject({ orders: before.orders });

    await shop.startAgain();
    await standStill(shop.client);
    const { stock, ordersToday } = await statsOf(shop.client);
    await order(shop.client, stock.toSorted((a, b) => b.balance - a.balance)[0]!.productId, 1);
    await standStill(shop.client);
    expect((await statsOf(shop.client)).ordersToday).toBeGreaterThan(ordersToday);
    await shows(page);
    await page.locator('[data-connection="good"]').waitFor();
    await becomes(() => page.locator('[data-status="stale"], [data-status="failed"]').count(), 0);
    expect(await page.evaluate(greyed)).toBe('none');
    expect(await page.evaluate('globalThis.notReloaded')).toBe(true);
    await leave(LOST);
  });
}
