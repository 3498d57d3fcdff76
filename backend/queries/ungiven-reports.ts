/** Days whose report cannot be given, and why: left in the read models by the reporter, for who is asked. */
import type { Day } from '../domain/calendar.ts';
import type { ReadModels } from '../ports/read-models.ts';

/** `{ days: { "2024-05-06": "why" } }` */
const META = 'ungiven-reports';

export interface UngivenReport {
  readonly day: Day;
  /** One line for people. */
  readonly reason: string;
}

/** Notes why the report of a day cannot be given; null for one that can. Writes nothing that is known. */
export async function noteUngiven(models: ReadModels, found: ReadonlyMap<Day, string | null>): Promise<void> {
  for (;;) {
    const present = await models.getMeta(META);
    const days = new Map(Object.entries(daysIn(present)));
    for (const [day, reason] of found) {
      if (reason === null) days.delete(day);
      else days.set(day, reason);
    }
    const next = Object.fromEntries([...days].sort(([a], [b]) => (a < b ? -1 : 1)));
    if (JSON.stringify(next) === JSON.stringify(daysIn(present))) return;
    if (await models.putMeta(META, { days: next }, present)) return;
  }
}

/** Oldest day first. Rejects with UNAVAILABLE. */
export async function readUngiven(models: Pick<ReadModels, 'getMeta'>): Promise<UngivenReport[]> {
  return Object.entries(daysIn(await models.getMeta(META))).map(([day, reason]) => ({ day, reason }));
}

function daysIn(meta: Readonly<Record<string, unknown>> | null): Readonly<Record<Day, string>> {
  return (meta?.['days'] ?? {}) as Record<Day, string>;
}
