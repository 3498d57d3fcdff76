/** The last scene: a second shop, embedded in this process, whose clock stands two minutes before a midnight. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { foldersIn } from '../another.ts';
import { addDays, boundsOf, dayOf } from '../../domain/calendar.ts';
import { formatAmount, minorDigits } from '../../domain/money.ts';
import { fastClock, systemClock } from '../../ports/clock.ts';
import { silentLogger } from '../../ports/logger.ts';
import { connect } from '../connect.ts';
import { stopAll } from '../run-until.ts';
import { readSettings } from '../settings.ts';
import { startWholeShop } from '../whole-shop.ts';
import type { Show } from './show.ts';

/** Twenty seconds of an audience's time, in which the day's orders are written, too. */
const BEFORE_MIDNIGHT_MS = 120_000;
const SPEED = 6;
const SIMULATION = { rate: 0.1, chance: 0.8, delay: 15_000, attempts: 1, seed: 42, flat: true };

export async function playMidnight(show: Show): Promise<void> {
  const dir = path.join(show.stage.dir, 'midnight');
  await mkdir(dir);
  const settings = readSettings({
    TIME_ZONE: process.env['TIME_ZONE'],
    ...foldersIn(dir),
    PORT: '0',
  });
  const { timeZone, reportsDir } = settings;
  // The midnight that began today: nothing in it is of the future.
  const day = addDays(dayOf(systemClock.now(), timeZone), -1);
  const midnight = boundsOf(day, timeZone).to;
  show.say(`A second shop begins at 23:58 of ${day}, with that day's orders; its clock goes ${SPEED} times as fast.`);
  const connection = await connect(settings, 'own', silentLogger);
  try {
    const clock = fastClock(midnight - BEFORE_MIDNIGHT_MS, SPEED);
    const context = { settings, connection, logger: silentLogger, clock };
    const options = { ...SIMULATION, told: true, simulator: true, history: true, port: 0, shopPort: 0, say: () => {} };
    const { roles, apiUrl } = await startWholeShop(context, { ...options, signal: show.signal });
    try {
      show.look('its dashboard', `${apiUrl}  the clock, and the figures of the day that begin at zero`);
      await show.hold(4);
      const file = path.join(reportsDir, `${day}.json`);
      const report = await show.until('the report of the day', async () => {
        const names: readonly string[] = await readdir(reportsDir).catch(() => []);
        return names.includes(`${day}.json`) ? (JSON.parse(await readFile(file, 'utf8')) as Report) : null;
      });
      show.expect(clock.now() >= midnight, 'the report comes after midnight');
      show.expect(report.date === day && report.orders > 0, 'the report is of the day that ended');
      show.seen(`00:00 has passed, and the report of ${day} is there: ${told(report)}`);
      const { ordersToday } = await show.ask<{ ordersToday: { value: number } }>(
        '{ ordersToday { value } }',
        {},
        apiUrl,
      );
      show.expect(ordersToday.value < report.orders, 'the figures of the new day begin at zero');
      show.seen(`orders today: ${ordersToday.value}; the new day has begun at zero`);
      show.look('the report', `${file}, .md and .csv; ${apiUrl}/reports`);
      await show.hold(20);
    } finally {
      await stopAll(roles, silentLogger);
    }
  } finally {
    await connection.close();
  }
}

/** What this scene reads of a report; docs/report.schema.json has all of it. */
interface Report {
  readonly date: string;
  readonly orders: number;
  readonly sales: number;
  readonly currency: string;
}

function told({ orders, sales, currency }: Report): string {
  return `${orders} orders, ${formatAmount(sales, currency, minorDigits(currency))}`;
}
