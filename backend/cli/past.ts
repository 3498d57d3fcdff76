/** What the verb `replay` does besides rebuilding: views of the past (building, listing, dropping), and one order. */
import Table from 'cli-table3';
import { localTime, parseInstant } from '../domain/calendar.ts';
import { systemClock } from '../ports/clock.ts';
import { isShopError, ShopError } from '../ports/errors.ts';
import type { ViewUntil } from '../queries/views.ts';
import { positionOf, type ListedView } from '../replay/views.ts';
import type { ReplayDriver } from './replay-driver.ts';
import { progressBar } from './terminal.ts';

export interface ViewGiven {
  readonly name: string;
  readonly until: string;
  /** All of them when empty. */
  readonly projections: readonly string[];
  readonly replace: boolean;
  readonly timeZone: string;
}

const POLL_MS = 200;

/** Builds a view and waits for it; Ctrl-C gives it up. */
export async function buildView(driver: ReplayDriver, given: ViewGiven, signal: AbortSignal): Promise<void> {
  const { name, projections, replace, timeZone } = given;
  const until = untilOf(given.until, timeZone);
  await driver.buildView({ name, until, projections, replace });
  const bar = progressBar(`building the view ${name}`);
  try {
    for (;;) {
      const view = (await driver.views()).find((each) => each.name === name && each.state !== 'READY');
      if (view === undefined) break;
      bar.update(view.records, view.total);
      if (view.state === 'HALF_BUILT') throw new ShopError('UNAVAILABLE', notBuilt(view));
      if (signal.aborted) {
        await driver.dropView(name);
        throw new ShopError('CLOSED', `the view "${name}" was given up`);
      }
      await systemClock.until(systemClock.now() + POLL_MS, signal);
    }
  } finally {
    bar.stop();
  }
  const built = (await driver.views()).find((each) => each.name === name);
  if (built === undefined) throw new ShopError('UNAVAILABLE', `somebody else dropped the view "${name}"`);
  process.stdout.write(
    `The view "${name}" is ready: ${untilText(built, timeZone)}. npm run stats -- --view ${name} answers from it.\n`,
  );
}

/** Makes one order's document again, and prints what was not as it had to be. */
export async function mendOrder(driver: ReplayDriver, orderId: string): Promise<void> {
  const mended = await driver.mendOrder(orderId);
  const shown = (value: unknown): string => (value === undefined ? '(absent)' : JSON.stringify(value));
  const lines = mended.map(({ path, before, after }) => `  ${path}: was ${shown(before)}, is ${shown(after)}`);
  const head = mended.length === 0 ? `The order ${orderId} was right.` : `The order ${orderId} was mended:`;
  process.stdout.write(`${[head, ...lines].join('\n')}\n`);
}

export async function listViews(driver: ReplayDriver, timeZone: string): Promise<void> {
  const views = await driver.views();
  if (views.length === 0) {
    process.stdout.write('There are no views.\n');
    return;
  }
  const table = new Table({ head: ['View', 'State', 'Of', 'Projections'], style: { head: [], border: [] } });
  for (const view of views) {
    const { name, state, projections, records, total } = view;
    const share = total === 0 ? 0 : Math.floor((100 * records) / total);
    const shown = { READY: 'ready', BUILDING: `being built, ${share}%`, HALF_BUILT: `half-built, ${share}%` }[state];
    table.push([name, shown, untilText(view, timeZone), projections.join(', ')]);
  }
  process.stdout.write(`${table.toString()}\n`);
}

export async function dropView(driver: ReplayDriver, name: string): Promise<void> {
  await driver.dropView(name);
  process.stdout.write(`The view "${name}" is gone.\n`);
}

/** An instant, or a position. Throws BAD_INPUT. */
function untilOf(text: string, timeZone: string): ViewUntil {
  const at = parseInstant(text, timeZone);
  if (at !== null) return { kind: 'instant', at };
  try {
    positionOf(text);
  } catch (error) {
    if (!isShopError(error, 'BAD_INPUT') || text.includes('/')) throw error;
    const message = `--until ${text} is neither an instant such as 2026-11-22T14:05 nor a position: "orders/0:123,orders/1:80", or what an answer of the API bore as \`position\``;
    throw new ShopError('BAD_INPUT', message, { cause: error });
  }
  return { kind: 'position', text };
}

function untilText({ until, asOf }: Pick<ListedView, 'until' | 'asOf'>, timeZone: string): string {
  if (until.kind === 'instant') return `events before ${localTime(until.at, timeZone)}`;
  return `up to a position of ${localTime(asOf, timeZone)}`;
}

function notBuilt({ name, error }: ListedView): string {
  return `the view "${name}" was not completed (${error ?? 'whoever built it has gone'}); the same command again goes on with it`;
}
