/** Midnight in the shop's zone, seen in a browser: the API stands on a clock that the test moves. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encode } from '../../backend/events/codec.ts';
import { handled, placed } from '../../backend/queries/testing.ts';
import { describeWithChromium, launchChromium } from '../chromium.ts';
import { run, stage, strike } from './stage.ts';
import { becomes, readLive, visit } from './visit.ts';

const TIMEOUT_MS = 60_000;
const MIDNIGHT = Date.parse('2026-11-22T23:00:00.000Z');

let browser: Browser | undefined;

describeWithChromium('midnight', () => {
  beforeAll(async () => {
    browser = await launchChromium();
  }, TIMEOUT_MS);
  afterAll(async () => {
    await strike();
    await browser?.close();
  });

  it('begins a new day on a page that stays open', { timeout: TIMEOUT_MS }, async () => {
    const { url, clock, log } = await stage(MIDNIGHT - 600_000);
    run(clock);
    await log.append([1, 2, 3].map((n) => encode(placed(`o-${n}`, MIDNIGHT - 601_000 - n))));
    const minutesAgo = [2, 20, 50, 100].map((minutes) => clock.now() - minutes * 60_000);
    await log.append(minutesAgo.map((at, n) => encode(handled(`o-${n}`, at))));
    const { page, leave } = await visit(browser!, url);
    await becomes(async () => (await readLive(page)).orders, '3');
    // Each window is a figure of its own here; in a shop that began just now all are the same.
    await becomes(async () => (await readLive(page)).windows, ['1', '2', '3', '4']);
    const time = page.locator('time.clock');
    expect(await time.innerText()).toContain('Sun');
    await page.evaluate('globalThis.notReloaded = true');

    clock.set(MIDNIGHT - 3_000);
    await expect.poll(() => time.innerText(), { timeout: 20_000, interval: 50 }).toContain('23:59:5');
    expect(await time.innerText()).toContain('Sun');
    await becomes(async () => (await readLive(page)).orders, '0');
    await becomes(async () => (await readLive(page)).sales, 'kr 0');
    await expect.poll(() => time.innerText(), { timeout: 20_000, interval: 50 }).toMatch(/Mon.*\s00:00:/s);
    // What slides goes on: they were sold within the hour, and belong to yesterday.
    expect((await readLive(page)).lastHour).toBe('kr 3');

    await log.append([encode(placed('o-4', clock.now()))]);
    await becomes(async () => (await readLive(page)).orders, '1');
    expect(await page.evaluate('globalThis.notReloaded')).toBe(true);
    await leave();
  });
});
