/**
 * How busy the shop is by the time of day: quiet at night, a peak at lunch, the highest at 20:00, in the
 * shop's own time zone. A factor on the average rate; over a day of 24 hours its mean is 1.
 */
import { localHour } from '../domain/calendar.ts';

/** The factor holds for a quarter of an hour at a time; zones' offsets are whole quarters. */
export const QUARTER_MS = 900_000;

/** Relative business at the full hours of a local day; between them it goes in a straight line. */
const BY_HOUR = [8, 5, 3, 2, 2, 3, 7, 16, 28, 38, 44, 54, 66, 58, 48, 46, 50, 58, 68, 82, 92, 78, 46, 22];

const QUARTERS_A_DAY = 96;
const CURVE = normalised();
/** The curve's highest factor. */
export const PEAK = Math.max(...CURVE);

export interface DayCurve {
  /** The factor at an instant, epoch ms. */
  factorAt(instant: number): number;
}

/** Always 1: for loads that are to be even. */
export const flatCurve: DayCurve = { factorAt: () => 1 };

/** The curve in a time zone. Looks the local hour up once for each quarter, as that is slow. */
export function dayCurve(timeZone: string): DayCurve {
  let from = 0;
  let to = 0;
  let factor = 0;
  return {
    factorAt: (instant) => {
      if (instant >= from && instant < to) return factor;
      from = Math.floor(instant / QUARTER_MS) * QUARTER_MS;
      to = from + QUARTER_MS;
      factor = CURVE[Math.floor(localHour(from, timeZone) * 4 + 0.5) % QUARTERS_A_DAY] ?? 1;
      return factor;
    },
  };
}

function normalised(): number[] {
  const quarters = Array.from({ length: QUARTERS_A_DAY }, (_, quarter) => {
    const hour = Math.floor(quarter / 4);
    const here = BY_HOUR[hour] ?? 0;
    const next = BY_HOUR[(hour + 1) % 24] ?? 0;
    return here + (next - here) * ((quarter % 4) / 4);
  });
  const mean = quarters.reduce((sum, each) => sum + each, 0) / QUARTERS_A_DAY;
  return quarters.map((each) => each / mean);
}
