import { describe, expect, it } from 'vitest';
import { Formats } from './formats.ts';
import { verifiedSign } from './verified.ts';

const formats = new Formats('en-GB', { timeZone: 'Europe/Stockholm', currency: 'SEK', minorDigits: 2 });
const projection = { name: 'sales', documents: 1_200, differenceCount: 0, firstDifference: null };
const verified = {
  state: 'VERIFIED' as const,
  at: '2026-11-22T13:02:11.000Z',
  everySeconds: 60,
  records: 12_345,
  recordsBehind: 0,
  projections: [projection, { ...projection, name: 'stock', documents: 34 }],
};

describe('what is said of how far the read models are verified', () => {
  it('says what it covers, and when it was', () => {
    expect(verifiedSign(verified, true, formats)).toEqual({
      kind: 'good',
      text: 'Verified',
      detail: '',
      about: 'All 1,234 documents equal an independent fold of the log, up to record 12,345 of the log, at 14:02:11.',
    });
  });

  it('says what was folded since', () => {
    const sign = verifiedSign({ ...verified, state: 'BEHIND', recordsBehind: 2_000 }, true, formats);
    expect(sign).toMatchObject({ kind: 'waiting', text: 'Verifying' });
    expect(sign.about).toContain('2,000 records were folded since.');
  });

  it('names the first document that differs', () => {
    const firstDifference = { document: 'orders/3/2026-11-22T14:15Z', path: 'total' };
    const projections = [projection, { ...projection, name: 'stock', differenceCount: 3, firstDifference }];
    const sign = verifiedSign({ ...verified, state: 'DIFFERS', projections }, true, formats);
    expect(sign).toMatchObject({ kind: 'bad', text: 'Differs', detail: 'orders/3/2026-11-22T14:15Z' });
    expect(sign.about).toContain('3 documents differ from the log');
    expect(sign.about).toContain(
      'The first is orders/3/2026-11-22T14:15Z, total, in stock. Rebuilding stock mends it.',
    );
  });

  it('claims nothing before it knows, after the connection was lost, or when it is switched off', () => {
    expect(verifiedSign(null, true, formats)).toMatchObject({ kind: 'unknown' });
    expect(verifiedSign(verified, false, formats)).toMatchObject({ kind: 'unknown', text: 'As of 14:02:11' });
    const never = { ...verified, state: 'NEVER' as const, at: null, records: 0, projections: [] };
    expect(verifiedSign(never, true, formats)).toMatchObject({ kind: 'waiting', text: 'Not verified yet' });
    const off = verifiedSign({ ...never, everySeconds: 0 }, true, formats);
    expect(off).toMatchObject({ kind: 'unknown', text: 'Not verified' });
  });
});
