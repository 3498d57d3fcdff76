import { describe, expect, it } from 'vitest';
import { dailyReports } from '../../projections/daily-reports.ts';
import { MemoryModels, MemoryStore } from '../../projections/model/memory-models.ts';
import { readReport, readReports } from './reports.ts';
import { foldMerged, Recorder, reportIssued } from './testing.ts';

const COLLECTIONS = { 'daily-reports': 'daily-reports' };

async function withReports(...reports: readonly [day: string, revision: number, orders: number][]) {
  const models = new MemoryModels(new MemoryStore());
  const recorder = new Recorder();
  const records = reports.map(([day, revision, orders]) => recorder.record(reportIssued(day, revision, { orders })));
  await foldMerged(models, dailyReports, 'daily-reports', records);
  return models;
}

describe('daily reports', () => {
  it('answer with the latest revision, or the one asked for', async () => {
    const all = Array.from({ length: 11 }, (_, n) => ['2026-11-21', n + 1, n] as [string, number, number]);
    const models = await withReports(...all, ['2026-11-20', 1, 99]);
    const { type: _, version: _version, id: _id, ...fields } = reportIssued('2026-11-21', 11, { orders: 10 });
    const revisions = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
    expect(await readReport(models, COLLECTIONS, '2026-11-21')).toEqual({ ...fields, revisions });
    expect(await readReport(models, COLLECTIONS, '2026-11-21', 2)).toMatchObject({ revision: 2, orders: 1, revisions });
    expect(await readReport(models, COLLECTIONS, '2026-11-21', 12)).toBeNull();
    expect(await readReport(models, COLLECTIONS, '2026-11-19')).toBeNull();
  });

  it('come day by day, the newest first', async () => {
    const models = await withReports(
      ['2026-11-20', 1, 4],
      ['2026-11-22', 1, 5],
      ['2026-11-20', 2, 6],
      ['2025-12-31', 1, 7],
    );
    const page = await readReports(models, COLLECTIONS, { first: 2 });
    expect(page.items.map(({ item }) => [item.day, item.revision, item.orders])).toEqual([
      ['2026-11-22', 1, 5],
      ['2026-11-20', 2, 6],
    ]);
    expect(page.hasNextPage).toBe(true);
    const rest = await readReports(models, COLLECTIONS, { first: 2, after: page.endCursor ?? '' });
    expect(rest.items.map(({ item }) => item.day)).toEqual(['2025-12-31']);
    expect(rest.hasNextPage).toBe(false);
    expect(await readReports(await withReports(), COLLECTIONS, { first: 2 })).toEqual({
      items: [],
      hasNextPage: false,
      endCursor: null,
    });
  });
});
