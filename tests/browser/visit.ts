/** A page of the dashboard in a browser, and whatever it did that it may not do. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';

/** The language that the pages are read in: what they show is compared with what Intl writes in it. */
export const LOCALE = 'en-GB';
const VIEWPORT = { width: 1440, height: 900 };

/** Runs in the page before its own scripts: what the policy of contents forbids is told as an error. */
const TELL_VIOLATIONS = `addEventListener('securitypolicyviolation', (event) =>
  console.error('policy violated: ' + event.violatedDirective + ' ' + event.blockedURI));`;

export interface Visit {
  readonly page: Page;
  /** Leaves, and fails if the page had errors or asked others than its own server, but for what matches. */
  readonly leave: (except?: RegExp) => Promise<void>;
}

/** Opens a page in a context of its own: nothing kept, nothing cached. `before`: what is to be done before it loads. */
export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  before: (page: Page) => Promise<void> = () => Promise.resolve(),
): Promise<Visit> {
  const context = await browser.newContext({ locale: LOCALE, viewport: VIEWPORT, ...options });
  await context.addInitScript(TELL_VIOLATIONS);
  const page = await context.newPage();
  const complaints = complaintsOf(page, new URL(url).host);
  await before(page);
  await page.goto(url);
  const leave = async (except?: RegExp): Promise<void> => {
    await context.close();
    expect(complaints.filter((each) => except?.test(each) !== true)).toEqual([]);
  };
  return { page, leave };
}

function complaintsOf(page: Page, host: string): string[] {
  const complaints: string[] = [];
  const asked = (address: string): void => {
    const { protocol, host: other } = new URL(address);
    if (protocol !== 'data:' && protocol !== 'blob:' && other !== host) complaints.push(`asked ${address}`);
  };
  page.on('request', (request) => asked(request.url()));
  page.on('websocket', (socket) => asked(socket.url()));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => complaints.push(String(error.stack)));
  return complaints;
}

/** A panel by its title. */
export function panel(page: Page, title: string) {
  return page.getByRole('region', { name: title, exact: true });
}

/** What the Live page shows, read at one moment; null where nothing stands. */
export interface LiveFigures {
  readonly orders: string | null;
  readonly sales: string | null;
  readonly lastHour: string | null;
  readonly handled: string | null;
  readonly open: string | null;
  /** Handled in the last 5 minutes, 30 minutes, hour and 2 hours. */
  readonly windows: readonly string[];
  readonly average: string | null;
  /** "Product: 12" */
  readonly top: readonly string[];
  /** "Product: Low, 3 left" */
  readonly look: readonly string[];
}

/** Runs in the page, as these tests are compiled without its types. */
const READ_LIVE = `(() => {
  const text = (element) => element?.textContent.replace(/\\s+/g, ' ').trim() ?? null;
  const panel = (...titles) => [...document.querySelectorAll('section')].find((each) =>
    titles.includes(text(each.querySelector('h2'))));
  const figure = (...titles) => text(panel(...titles)?.querySelector('[data-figure]'));
  const rows = (found, write) => [...(found?.querySelectorAll('li') ?? [])].map((row) =>
    text(row.querySelector('.name')) + ': ' + write(text(row.querySelector('.text')), text(row.querySelector('.badge'))));
  const handling = panel('Handling');
  return {
    orders: figure('Orders since 00:00'),
    sales: figure('Sales today', 'Sales that day'),
    lastHour: figure('Sales, last hour'),
    handled: figure('Handled · open'),
    open: text(panel('Handled · open')?.querySelector('.aside')),
    windows: [...(handling?.querySelectorAll('dd') ?? [])].map(text),
    average: text(handling?.querySelector('.average-label')),
    top: rows(panel('Top products today', 'Top products that day'), (units) => units),
    look: rows(panel('Stock that needs a look'), (left, badge) => (badge === null ? left : badge + ', ' + left)),
  };
})()`;

export function readLive(page: Page): Promise<LiveFigures> {
  return page.evaluate<LiveFigures>(READ_LIVE);
}

/** Waits until `look` gives what is expected: for what becomes true after a while. */
export async function becomes<T>(look: () => T | Promise<T>, expected: T, limitMs = 20_000): Promise<void> {
  await expect.poll(look, { timeout: limitMs, interval: 100 }).toEqual(expected);
}
