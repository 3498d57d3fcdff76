/** Days of a first history that is not whole. */
import { expect, it } from 'vitest';
import { placed } from '../queries/testing.ts';
import { beginHistory, endHistory } from '../simulator/first-history.ts';
import { at, daysOf, issuedIn, openWorld, optionsIn } from './reporter-test-kit.ts';
import { issueReport, startReporter } from './reporter.ts';

it('a report waits for a history that is not whole, and is refused by hand', async () => {
  const world = await openWorld('2026-11-22T14:00:00.000Z');
  const { log, clock } = world;
  const begun = await beginHistory(log, clock, {
    from: '2026-11-20T23:00:00.000Z',
    to: '2026-11-22T14:00:00.000Z',
    timeZone: 'Europe/Stockholm',
    seed: 1,
    ordersPerSecond: 1,
    handling: { chance: 1, delayMs: 0, attempts: 1 },
    catalogue: [],
  });
  await world.happen([placed('a', at('2026-11-20')), placed('b', at('2026-11-21')), placed('c', at('2026-11-22'))]);
  clock.set('2026-11-24T09:00:00.000Z');
  const early = await startReporter(optionsIn(world));
  await early.look();
  expect(daysOf(await issuedIn(log))).toEqual(['2026-11-20 r1', '2026-11-23 r1']);
  await expect(early.issue('2026-11-21')).rejects.toThrow(/2026-11-21 are not all there/);
  await expect(issueReport('2026-11-22', optionsIn(world))).rejects.toThrow(/2026-11-22 are not all there/);
  await early.stop();

  await world.happen([placed('d', at('2026-11-21'))]);
  await endHistory(log, clock, begun);
  const late = await startReporter(optionsIn(world));
  await late.look();
  expect(daysOf(await issuedIn(log)).slice(2)).toEqual(['2026-11-21 r1', '2026-11-22 r1']);
  expect((await issuedIn(log)).map(({ orders }) => orders)).toEqual([1, 0, 2, 1]);
  await late.stop();
});
