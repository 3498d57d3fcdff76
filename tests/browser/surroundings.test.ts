/** The pages in a browser, with ids and surroundings that nobody chose: none of it may leave a blank page. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openShopClient } from '../../backend/shop/client.ts';
import { orderAddress } from '../../frontend/src/format/addresses.ts';
import { describeWithChromium, launchChromium } from '../chromium.ts';
import { freePort, killAll } from '../cli.ts';
import { moreOrdersThan, standStill } from './figures.ts';
import { START_LIMIT_MS, startEmbedded, type BrowsedShop } from './shops.ts';
import { panel, visit } from './visit.ts';

const TIMEOUT_MS = 180_000;

const IDS = [
  'INV-50% off',
  'INV-A%2FB',
  'a/b',
  'a?b#c',
  'ä ö',
  '..',
  '.',
  '%E0%A4%A',
  '%2E%2E',
  ' ',
  '1e3',
  '🍵',
  '../x',
  'a\\b',
];

let dir: string;
let browser: Browser | undefined;
let shop: BrowsedShop;

const BLOCKED = `for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, {
  get() { throw new DOMException('Access is denied for this document.', 'SecurityError'); } });`;
const FULL = `Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };`;
const NONE = `for (const name of ['localStorage', 'sessionStorage'])
  Object.defineProperty(window, name, { get: () => null });`;
const speaking = (language: string): string =>
  `Object.defineProperty(navigator, 'language', { get: () => ${JSON.stringify(language)} });
   Object.defineProperty(navigator, 'languages', { get: () => [${JSON.stringify(language)}] });`;

const before =
  (script: string) =>
  async (page: Page): Promise<void> => {
    await page.addInitScript(script);
  };

describeWithChromium('odd surroundings', () => {
  beforeAll(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-surroundings-'));
    browser = await launchChromium();
    const SHOP_URL = `http://127.0.0.1:${await freePort()}`;
    shop = await startEmbedded(dir, { SHOP_URL, TIME_ZONE: 'Europe/Stockholm' });
    await moreOrdersThan(shop.client, 10);
    await standStill(shop.client);
    const client = openShopClient(SHOP_URL);
    const [product] = await client.catalogue();
    const lines = [{ productId: product!.productId, quantity: 1 }];
    const customer = { id: 'C-1', name: 'Åsa Öberg', email: '1e3', country: 'SE' };
    const placed = await client.submit(
      IDS.map((orderId) => ({ type: 'PlaceOrder', source: 'live', orderId, customer, lines, handling: null }) as const),
    );
    expect(placed.map(({ status }) => status)).toEqual(IDS.map(() => 'accepted'));
  }, START_LIMIT_MS);
  afterAll(async () => {
    await browser?.close();
    await killAll();
    await rm(dir, { recursive: true, force: true });
  });

  const isOrder = async (page: Page, id: string): Promise<void> => {
    await panel(page, 'What happened').and(page.locator('[data-status="ready"]')).waitFor();
    expect(await page.locator('h1').textContent()).toBe(`Order ${id}`);
  };

  it('an order is found from the list and by its address, whatever its id is', { timeout: TIMEOUT_MS }, async () => {
    // The customer's address is a word that looks like a number.
    const { page, leave } = await visit(browser!, `${shop.url}/orders?customer=1e3`);
    for (const id of IDS) {
      await page.getByTitle(id, { exact: true }).click();
      await isOrder(page, id);
      await page.reload();
      await isOrder(page, id);
      await page.goBack();
      await panel(page, 'Page 1').and(page.locator('[data-status="ready"]')).waitFor();
    }
    expect(await page.getByLabel('e-mail').inputValue()).toBe('1e3');
    expect(await page.getByRole('row').count()).toBe(IDS.length + 1);
    await leave();
  });

  it('an order is found by search and by a link from elsewhere', { timeout: TIMEOUT_MS }, async () => {
    const { page, leave } = await visit(browser!, `${shop.url}/orders`);
    // What is around a copied id is cut off, so nobody can look for a space.
    for (const id of IDS.filter((each) => each.trim() !== '')) {
      await page.goto(`${shop.url}/orders`);
      await page.getByLabel('Order id').fill(id);
      await page.getByRole('button', { name: 'Search' }).click();
      await isOrder(page, id);
      await page.goto(shop.url + orderAddress(id));
      await isOrder(page, id);
    }
    await leave();
  });

  it.each([
    ['/orders/INV-50%%20off', 'Order INV-50% off'],
    ['/orders/%E0%A4%A', 'Order %E0%A4%A'],
    ['/orders/%FF', 'Order %FF'],
    ['/reports/2026-13-45', '2026-13-45'],
    ['/reports/%', '%'],
    ['/%zz', 'There is no such page'],
    ['/layout', 'There is no such page'],
    ['/orders?from=never&customer=%zz', 'Orders'],
  ])('%s, as somebody typed it, is a page with a title', { timeout: TIMEOUT_MS }, async (address, title) => {
    const { page, leave } = await visit(browser!, shop.url + address);
    await page.locator('h1', { hasText: title }).waitFor();
    await leave();
  });

  it.each([
    ['the language C', speaking('C')],
    ['the language en-US@posix', speaking('en-US@posix')],
    ['no language', speaking('')],
    ['storage that is blocked', BLOCKED],
    ['storage that is full', FULL],
    ['no storage', NONE],
  ])('with %s every page is there', { timeout: TIMEOUT_MS }, async (_, script) => {
    const { page, leave } = await visit(browser!, shop.url, {}, before(script));
    await panel(page, 'Handling').and(page.locator('[data-status="ready"]')).waitFor();
    await page
      .getByRole('button', { name: /theme|dark|light/i })
      .first()
      .click();
    expect(await page.evaluate('document.documentElement.dataset.theme')).toMatch(/dark|light/);
    for (const [link, title] of [
      ['Stock', 'Balance of each product'],
      ['Orders', 'Page 1'],
      ['Reports', 'Daily reports'],
      ['Operations', 'Projections'],
      ['Shop', 'Products'],
    ] as const) {
      await page.getByRole('navigation').getByRole('link', { name: link }).click();
      await panel(page, title).waitFor();
    }
    await page.goto(`${shop.url}/graphql`);
    await page.getByRole('button', { name: /^Execute/ }).waitFor();
    await leave();
  });

  it('a zone that the browser does not know is told, and UTC takes its place', { timeout: TIMEOUT_MS }, async () => {
    const unknown = `const Known = Intl.DateTimeFormat;
      Intl.DateTimeFormat = function (locale, options) {
        if (options?.timeZone === 'Europe/Stockholm') throw new RangeError('Invalid time zone specified');
        return new Known(locale, options);
      };`;
    const { page, leave } = await visit(browser!, shop.url, {}, before(unknown));
    await page.getByText('does not know the shop’s time zone, Europe/Stockholm').waitFor();
    await panel(page, 'Handling').and(page.locator('[data-status="ready"]')).waitFor();
    await leave();
  });

  it('what cannot be shown says why, and the other pages stay', { timeout: TIMEOUT_MS }, async () => {
    const broken = `Intl.DisplayNames = function () { throw new RangeError('countries have no names here'); };`;
    const { page, leave } = await visit(browser!, shop.url, {}, before(broken));
    await page.getByRole('button', { name: 'By country' }).click();
    await page.getByText('This cannot be shown: countries have no names here').waitFor();
    await page.getByRole('link', { name: 'Stock', exact: true }).click();
    await panel(page, 'Balance of each product').waitFor();
    await page.goBack();
    await panel(page, 'Handling').waitFor();
    await leave(/countries have no names here/);
  });

  it('a page whose script cannot be had says so, and the other pages stay', { timeout: TIMEOUT_MS }, async () => {
    const { page, leave } = await visit(browser!, `${shop.url}/stock`, {}, async (opened) => {
      await opened.route(/assets\/Stock-.*\.js/, (route) => route.abort());
    });
    await page.getByText(/This page cannot be shown: .*Stock/).waitFor();
    await page.getByRole('link', { name: 'Orders', exact: true }).click();
    await panel(page, 'Page 1').waitFor();
    expect(await page.getByText('This page cannot be shown').count()).toBe(0);
    // The first time the page is loaded anew, in case it was built anew.
    await leave(/Stock-|ERR_FAILED|reading 'default'|^$/);
  });

  it('a dashboard that cannot begin says why', { timeout: TIMEOUT_MS }, async () => {
    const old = `globalThis.matchMedia = () => { throw new TypeError('matchMedia is not there'); };`;
    const { page, leave } = await visit(browser!, shop.url, {}, before(old));
    await page.getByRole('alert').filter({ hasText: 'matchMedia is not there' }).waitFor();
    await leave(/matchMedia is not there/);
  });
});
