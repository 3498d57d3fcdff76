import { describe, expect, it } from 'vitest';
import { placed, recorded } from '../tests/events.ts';
import { reportIssued } from '../backend/queries/testing.ts';
import { dailyReports } from './daily-reports.ts';

describe('daily reports', () => {
  it('set a part for each revision, with all that was issued', () => {
    const event = reportIssued('2026-11-21', 2, { orders: 7, changes: [{ what: 'orders', before: 6, after: 7 }] });
    const { type: _, version: _version, id: _id, ...fields } = event;
    expect(dailyReports.partOf(recorded(event))).toEqual({ id: '2026-11-21', part: 'r2', fields });
  });

  it('leave out what nobody here knows', () => {
    const event = { ...reportIssued('2026-11-21', 1), mood: 'good' };
    const { type: _, version: _version, id: _id, mood: _mood, ...fields } = event;
    expect(dailyReports.partOf(recorded(event))?.fields).toEqual(fields);
  });

  it('are not moved by other events', () => {
    expect(dailyReports.partOf(recorded(placed()))).toBeNull();
  });
});
