/** Whether the read models are what the log says, as the pages show it: while they are, and after they were changed. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import axe from 'axe-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithChromium, launchChromium } from '../chromium.ts';
import { killAll } from '../cli.ts';
import { spoilDocument } from '../spoil.ts';
import { moreOrdersThan } from './figures.ts';
import { START_LIMIT_MS, startEmbedded, type BrowsedShop } from './shops.ts';
import { becomes, panel, visit } from './visit.ts';

const TIMEOUT_MS = 180_000;
/** A thread has to start, on a machine that does other things, too. */
const ROUND_LIMIT_MS = 60_000;

let dir: string;
let browser: Browser | undefined;
let shop: BrowsedShop;

/** Waits until the badge says so; what is read out, and what its link says. */
async function badge(page: Page, kind: string): Promise<{ text: string; about: string }> {
  const link = page.locator(`[data-verified="${kind}"]`);
  await link.waitFor({ timeout: ROUND_LIMIT_MS });
  await link.focus();
  const about = page.getByRole('tooltip');
  await about.waitFor({ state: 'visible' });
  return { text: (await link.innerText()).replaceAll(/\s+/g, ' '), about: await about.innerText() };
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const told = await page.evaluate<{ violations: { id: string; help: string }[] }>(
      'axe.run(document, { resultTypes: ["violations"] })',
    );
    found.push(...told.violations.map(({ id, help }) => `${colorScheme}: ${id}: ${help}`));
  }
  return found;
}

describeWithChromium('the verification', () => {
  beforeAll(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-verified-'));
    browser = await launchChromium();
    shop = await startEmbedded(dir, { VERIFY_SECONDS: '2' });
    await moreOrdersThan(shop.client, 20);
  }, START_LIMIT_MS);

  afterAll(async () => {
    await browser?.close();
    await killAll();
    await rm(dir, { recursive: true, force: true });
  });

  it('is green while they are, and red with the document after one was changed', { timeout: TIMEOUT_MS }, async () => {
    const { page, leave } = await visit(browser!, shop.url, { reducedMotion: 'reduce' });
    const good = await badge(page, 'good');
    expect(good.text).toBe('Verified');
    expect(good.about).toMatch(/^All [\d,]+ documents equal an independent fold of the log, up to record [\d,]+/);
    // Goes on with the shop.
    await becomes(async () => (await badge(page, 'good')).about !== good.about, true, ROUND_LIMIT_MS);
    expect.soft(await violations(page)).toEqual([]);

    await page.keyboard.press('Enter');
    await panel(page, 'Verification').getByRole('cell', { name: 'Equal' }).first().waitFor();
    expect(await panel(page, 'Verification').getByRole('cell', { name: 'differ' }).count()).toBe(0);

    await shop.kill();
    const lost = await badge(page, 'unknown');
    expect(lost.text).toMatch(/^As of \d\d:\d\d:\d\d$/);
    const document = await spoilDocument(path.join(dir, 'data'), 'sales');
    await shop.startAgain();
    const bad = await badge(page, 'bad');
    expect(bad.text).toContain(document);
    expect(bad.about).toContain(`The first is ${document}, total, in sales.`);
    expect(await panel(page, 'Verification').getByRole('cell', { name: '1 differs' }).innerText()).toContain(document);
    expect.soft(await violations(page)).toEqual([]);
    // The page asked in vain while the shop was away.
    await leave(/ERR_CONNECTION_(REFUSED|RESET)|WebSocket connection/);
  });
});
