/** Days whose report cannot be given: said once, written never, and in nobody's way. */
import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Logger } from '../ports/logger.ts';
import { handled, line, placed } from '../queries/testing.ts';
import { readUngiven } from '../queries/ungiven-reports.ts';
import { at, daysOf, issuedIn, openWorld, optionsIn, type World } from './reporter-test-kit.ts';
import { issueReport, startReporter } from './reporter.ts';

const SALES = 'the sales cannot be given: more than 9007199254740991, the most that can be summed up exactly';
const OUTSIDE = 'reports are of the days from 1970-01-01 to 2199-12-31';
const barcode = (id: string, day: string) => placed(id, at(day), { lines: [line('Q-1', 12, 501_234_567_890_000)] });

/** Starts a reporter, lets it look so many times, and stops it; resolves to what it warned of. It tries to issue once. */
async function look(world: World, times: number): Promise<object[]> {
  const warned: object[] = [];
  let tries = 0;
  const counting = new Proxy(world.log, {
    get: (log, name) => {
      if (name === 'writer') tries += 1;
      const value: unknown = Reflect.get(log, name, log);
      return typeof value === 'function' ? (value.bind(log) as unknown) : value;
    },
  });
  const log = (): void => {};
  const logger: Logger = { debug: log, info: log, warn: (fields) => void warned.push(fields), error: log };
  const reporter = await startReporter(optionsIn(world, { logger, log: counting }));
  for (let n = 0; n < times; n++) await reporter.look();
  await reporter.stop();
  expect(tries).toBeLessThanOrEqual(1);
  return warned;
}

describe('a day whose sum is beyond what can be given', () => {
  it('is said once, the others go on, and nothing is written of it', async () => {
    const world = await openWorld('2026-11-25T14:00:00.000Z');
    await world.happen([
      placed('o-1', at('2026-11-22')),
      barcode('o-2', '2026-11-23'),
      barcode('o-3', '2026-11-23'),
      handled('o-1', at('2026-11-24')),
    ]);
    expect(await look(world, 3)).toEqual([{ day: '2026-11-23', reason: SALES }]);
    expect(daysOf(await issuedIn(world.log))).toEqual(['2026-11-22 r1', '2026-11-24 r1']);
    const written = await world.log.bounds('reports');
    expect(await look(world, 2)).toEqual([{ day: '2026-11-23', reason: SALES }]);
    expect(await world.log.bounds('reports')).toEqual(written);
    expect(await readUngiven(world.models)).toEqual([{ day: '2026-11-23', reason: SALES }]);
    expect((await readdir(world.reportsDir)).filter((name) => name.includes('2026-11-23'))).toEqual([]);
    await expect(issueReport('2026-11-23', optionsIn(world))).rejects.toMatchObject({
      code: 'INEXACT',
      message: `there is no report of 2026-11-23: ${SALES}`,
    });
  });

  it('keeps the report that it had, and says that the next revision cannot be given', async () => {
    const world = await openWorld('2026-11-24T14:00:00.000Z');
    await world.happen([barcode('o-1', '2026-11-23')]);
    expect(await look(world, 1)).toEqual([]);
    await world.happen([barcode('o-2', '2026-11-23')]);
    expect(await look(world, 2)).toEqual([{ day: '2026-11-23', reason: SALES }]);
    expect(await look(world, 2)).toEqual([]);
    expect(daysOf(await issuedIn(world.log))).toEqual(['2026-11-23 r1']);
    expect(await readUngiven(world.models)).toEqual([{ day: '2026-11-23', reason: SALES }]);
    await expect(issueReport('2026-11-23', optionsIn(world))).rejects.toMatchObject({ code: 'INEXACT' });
  });

  it('is forgotten once its report can be given', async () => {
    const world = await openWorld('2026-11-24T14:00:00.000Z');
    const { models } = world;
    await world.happen([placed('o-1', at('2026-11-23'))]);
    await models.putMeta('ungiven-reports', { days: { '2026-11-23': SALES } }, await models.getMeta('ungiven-reports'));
    await look(world, 1);
    expect(await readUngiven(models)).toEqual([]);
  });
});

describe('a report of more products than a record holds', () => {
  it('is not written, either', async () => {
    const world = await openWorld('2026-11-24T14:00:00.000Z');
    const lines = Array.from({ length: 5_000 }, (_, n) => line(`a product with a rather long id ${n}`, 1, 1));
    const more = [0, 1, 2].map((part) =>
      lines.map((each) => ({ ...each, productId: `${each.productId}/${part}` as never })),
    );
    await world.happen(more.map((some, n) => placed(`o-${n}`, at('2026-11-23'), { lines: some })));
    expect(await look(world, 2)).toEqual([
      { day: '2026-11-23', reason: expect.stringMatching(/ReportIssued has \d+ bytes, more than 1048576/) as string },
    ]);
    expect(await issuedIn(world.log)).toEqual([]);
  });
});

describe('an order that is dated in the year 0, or 9999', () => {
  it.each(['0000-01-01T00:00:00.000Z', '9999-12-31T23:00:00.000Z'])(
    '%s brings no report, and no other day waits',
    async (date) => {
      const world = await openWorld('2026-11-24T14:00:00.000Z');
      await world.happen([placed('o-1', at('2026-11-23')), placed('o-2', Date.parse(date))]);
      const warned = await look(world, 2);
      expect(warned).toMatchObject([{ reason: OUTSIDE }]);
      await world.happen([placed('o-3', Date.parse(date))]);
      await look(world, 2);
      expect(daysOf(await issuedIn(world.log))).toEqual(['2026-11-23 r1']);
      expect(await readUngiven(world.models)).toMatchObject([{ reason: OUTSIDE }]);
      await expect(issueReport('0000-01-01', optionsIn(world))).rejects.toMatchObject({ code: 'BAD_INPUT' });
    },
  );

  it('was the first for an earlier version: then the first is found anew', async () => {
    const world = await openWorld('2026-11-24T14:00:00.000Z');
    await world.happen([placed('o-1', at('2026-11-22')), placed('o-2', Date.parse('0000-01-01T00:00:00.000Z'))]);
    expect(await look(world, 1)).toHaveLength(1);
    const known = await world.models.getMeta('reporter');
    await world.models.putMeta('reporter', { firstAt: Date.parse('0000-01-01T00:00:00.000Z') }, known);
    await look(world, 1);
    expect(await world.models.getMeta('reporter')).toEqual({
      firstAt: Math.floor(at('2026-11-22') / 900_000) * 900_000,
    });
    expect(daysOf(await issuedIn(world.log))).toEqual(['2026-11-22 r1', '2026-11-23 r1']);
  });
});
