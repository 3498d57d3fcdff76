/** A day whose sales are beyond what can be given exactly: the page, and the socket, bring everything else. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encode } from '../../backend/events/codec.ts';
import { handled, line, placed } from '../../backend/queries/testing.ts';
import { noteUngiven } from '../../backend/queries/ungiven-reports.ts';
import { ApiClient } from '../api-client.ts';
import { describeWithChromium, launchChromium } from '../chromium.ts';
import { run, stage, strike } from './stage.ts';
import { becomes, panel, readLive, visit } from './visit.ts';

const TIMEOUT_MS = 60_000;
const NOON = Date.parse('2026-11-22T11:00:00.000Z');
const WHY = 'More than can be given exactly';
/** A barcode in the price column: one such order can be given, two of them cannot. */
const BARCODE = { lines: [line('Q-1', 12, 501_234_567_890_000)] };

let browser: Browser | undefined;

describeWithChromium('a sum beyond 2^53', () => {
  beforeAll(async () => {
    browser = await launchChromium();
  }, TIMEOUT_MS);
  afterAll(async () => {
    await strike();
    await browser?.close();
  });

  it('takes no other figure with it', { timeout: TIMEOUT_MS }, async () => {
    const { url, clock, log } = await stage(NOON);
    run(clock);
    const orders = [
      placed('o-1', NOON - 7_200_000, { lines: [line('Q-2', 3, 100)] }),
      placed('o-2', NOON - 60_000, BARCODE),
    ];
    await log.append([...orders, handled('o-1', NOON - 30_000)].map((event) => encode(event)));
    const { page, leave } = await visit(browser!, url);
    await becomes(async () => (await readLive(page)).orders, '2');
    expect((await readLive(page)).sales).toBe('kr 60,148,148,146,803');

    await log.append([encode(placed('o-3', NOON - 59_000, BARCODE))]);
    await becomes(async () => (await readLive(page)).orders, '3');
    const { sales, lastHour, handled: done, windows } = await readLive(page);
    expect([sales, lastHour, done]).toEqual(['–', '–', '1']);
    expect(windows).toEqual(['1', '1', '1', '1']);
    await becomes(async () => (await readLive(page)).top, ['Q-1: 24', 'Q-2: 3']);
    for (const title of ['Sales today', 'Sales, last hour']) await panel(page, title).getByText(WHY).waitFor();
    expect(await page.getByText(WHY).count()).toBe(2);
    expect(await page.locator('[data-status="failed"], [data-status="stale"]').count()).toBe(0);
    const chart = panel(page, 'The day');
    await chart.getByRole('button', { name: 'Sales' }).click();
    expect(await chart.locator('path.edge').getAttribute('d')).not.toMatch(/NaN|null|undefined/);
    await page.getByRole('button', { name: 'By country' }).click();
    await panel(page, 'Countries today').getByText('–').waitFor();
    await leave();
  });

  it('is an error of its own field, over HTTP and by the socket', { timeout: TIMEOUT_MS }, async () => {
    const { url, clock, log, models } = await stage(NOON);
    run(clock);
    await log.append(['o-1', 'o-2'].map((id) => encode(placed(id, NOON - 60_000, BARCODE))));
    const client = new ApiClient(url);
    const fields = 'ordersToday salesToday salesLastHour yesterday { salesToday } stock { balance }';
    const expected = {
      data: {
        stats: {
          ordersToday: 2,
          salesToday: null,
          salesLastHour: null,
          yesterday: { salesToday: 0 },
          stock: [{ balance: -24 }],
        },
      },
      errors: ['salesToday', 'salesLastHour'].map((field) => ({
        path: ['stats', field],
        message: 'this sum cannot be given: more than 9007199254740991, the most that can be summed up exactly',
        extensions: { code: 'INEXACT' },
      })),
    };
    await expect.poll(() => client.answer(`{ stats { ${fields} } }`), { timeout: 20_000 }).toMatchObject(expected);
    expect(await client.frame(`subscription { stats { ${fields} } }`)).toMatchObject(expected);
    const more = await client.answer(`{ salesToday { value } productsSold { products { units amount } }
      salesByCountry { countries { orders sales } }
      salesSeries(from: "2026-11-22T10:58:00Z", to: "2026-11-22T11:00:00Z") { buckets { orders sales } } }`);
    expect(more).toMatchObject({
      data: {
        salesToday: { value: null },
        productsSold: { products: [{ units: 24, amount: null }] },
        salesByCountry: { countries: [{ orders: 2, sales: null }] },
        salesSeries: {
          buckets: [
            { orders: 0, sales: 0 },
            { orders: 2, sales: null },
          ],
        },
      },
    });
    await noteUngiven(models, new Map([['2026-11-21', 'the sales cannot be given']]));
    const { page, leave } = await visit(browser!, `${url}/reports`);
    const list = panel(page, 'Reports that cannot be given');
    await list.getByText('2026-11-21').waitFor();
    expect(await list.innerText()).toContain('the sales cannot be given');
    await client.close();
    await leave();
  });
});
