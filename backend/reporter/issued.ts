/** The reports that were issued, as the topic `reports` has them. */
import type { Folder } from '../adapters/files/folder.ts';
import type { Day } from '../domain/calendar.ts';
import { eventsIn } from '../events/record.ts';
import type { ReportIssued } from '../events/events.ts';
import type { EventLog } from '../ports/event-log.ts';
import { render } from './render.ts';

const SOURCE = { topic: 'reports', partition: 0 } as const;

export class IssuedReports {
  readonly #log: EventLog;
  /** Every revision of a day, in order. */
  readonly #revisions = new Map<Day, ReportIssued[]>();
  /** Days whose files may not be what their events say. */
  readonly #unwritten = new Set<Day>();
  #next: number | null = null;

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** Reads what has been appended since, by whomever. */
  async readToEnd(): Promise<void> {
    const [bounds] = await this.#log.bounds(SOURCE.topic);
    if (bounds === undefined) return;
    for await (const batch of this.#log.read(SOURCE, this.#next ?? bounds.low, bounds.end)) {
      for (const { event } of eventsIn(batch)) if (event.type === 'ReportIssued') this.#add(event);
      this.#next = batch.next;
    }
  }

  #add(event: ReportIssued): void {
    const revisions = this.#revisions.get(event.day) ?? [];
    this.#revisions.set(event.day, revisions);
    revisions.push(event);
    this.#unwritten.add(event.day);
  }

  latest(day: Day): ReportIssued | null {
    return this.#revisions.get(day)?.at(-1) ?? null;
  }

  /** The latest revision of each day. */
  *all(): Generator<ReportIssued> {
    for (const revisions of this.#revisions.values()) {
      const latest = revisions.at(-1);
      if (latest !== undefined) yield latest;
    }
  }

  /**
   * Writes the files that are missing or differ; `minorDigits` is how many digits of the log's amounts are behind the
   * decimal point. Rejects with STORAGE; what is left is written next time.
   */
  async writeFiles(folder: Folder, minorDigits: number): Promise<void> {
    for (const day of [...this.#unwritten].sort()) {
      await this.writeDay(day, folder, minorDigits);
      this.#unwritten.delete(day);
    }
  }

  /** Writes the files of one day; resolves to their names. */
  async writeDay(day: Day, folder: Folder, minorDigits: number): Promise<string[]> {
    const revisions = this.#revisions.get(day) ?? [];
    const latest = revisions.at(-1);
    if (latest === undefined) return [];
    const { json, markdown, csv } = render(latest, minorDigits);
    const files = new Map([
      [`${day}.json`, json],
      [`${day}.md`, markdown],
      [`${day}.csv`, csv],
    ]);
    // The former revisions first: at no moment is one lost that somebody may have read.
    const former = revisions
      .slice(0, -1)
      .map((each) => [`${day}.r${each.revision}.json`, render(each, minorDigits).json] as const);
    for (const [name, text] of [...former, ...files]) {
      const bytes = Buffer.from(text);
      const present = await folder.read(name);
      if (present === null || !present.equals(bytes)) await folder.write(name, bytes);
    }
    await folder.sync([...files.keys()]);
    return [...files.keys()];
  }
}
