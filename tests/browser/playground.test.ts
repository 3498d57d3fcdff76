/** The playground in a browser: its examples run, over HTTP and over a socket, from its own server only. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithChromium, launchChromium } from '../chromium.ts';
import { killAll } from '../cli.ts';
import { moreOrdersThan } from './figures.ts';
import { START_LIMIT_MS, startEmbedded, type BrowsedShop } from './shops.ts';
import { visit } from './visit.ts';

const TIMEOUT_MS = 120_000;
const EXAMPLES = path.resolve(import.meta.dirname, '../../frontend/playground/examples');

let dir: string;
let browser: Browser | undefined;
let shop: BrowsedShop;

describeWithChromium('the playground', () => {
  beforeAll(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-playground-'));
    browser = await launchChromium();
    shop = await startEmbedded(dir);
    await moreOrdersThan(shop.client, 10);
  }, START_LIMIT_MS);
  afterAll(async () => {
    await browser?.close();
    await killAll();
    await rm(dir, { recursive: true, force: true });
  });

  /** Chooses the tab of an operation and runs it. */
  const runTab = async (page: Page, operation: string): Promise<void> => {
    await page.getByRole('tab', { name: operation }).click();
    await page.getByRole('region', { name: 'Operation Editor' }).getByText(operation).first().waitFor();
    await page.getByRole('button', { name: /^Execute/ }).click();
  };
  const result = (page: Page) => page.getByRole('region', { name: /result/i });
  const shown = (page: Page): Promise<string> => result(page).innerText();

  it('has a tab for each example, runs a query and a subscription', { timeout: TIMEOUT_MS }, async () => {
    const { page, leave } = await visit(browser!, `${shop.url}/graphql`);
    const frames: string[] = [];
    const sockets: string[] = [];
    page.on('websocket', (socket) => {
      sockets.push(socket.url());
      socket.on('framereceived', ({ payload }) => {
        if (String(payload).includes('"next"')) frames.push(String(payload));
      });
    });
    const examples = (await readdir(EXAMPLES)).filter((file) => file.endsWith('.graphql'));
    await page.getByRole('tab', { name: 'LiveFigures' }).waitFor();
    expect(await page.getByRole('tab').count()).toBe(examples.length);

    await runTab(page, 'OrdersToday');
    await result(page).getByText('"ordersToday"').first().waitFor();
    expect(frames).toEqual([]);

    await runTab(page, 'LiveFigures');
    await expect.poll(() => frames.length, { timeout: 20_000 }).toBeGreaterThan(3);
    const first = await shown(page);
    await expect.poll(() => shown(page), { timeout: 20_000 }).not.toBe(first);
    expect(first).toContain('"stats"');
    await page.getByRole('button', { name: /^Stop/ }).click();
    expect(sockets).toEqual([`${shop.url.replace('http', 'ws')}/graphql`]);
    await leave();
  });
});
