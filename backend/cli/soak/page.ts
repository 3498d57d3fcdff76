/** The Live page in a Chromium of its own, and how smoothly it runs. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { ShopError } from '../../ports/errors.ts';
import type { Counts } from './subscriber.ts';
import { CATEGORIES, mainThreadTasks, type Task, type TraceEvent } from './trace.ts';

export interface PageSample {
  readonly atSeconds: number;
  /** JavaScript objects after garbage was collected. */
  readonly heapMiB: number;
  readonly nodes: number;
  readonly listeners: number;
}

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const SIZE = { width: 1_440, height: 900 };
const LOADING_MS_MAX = 60_000;
const MIB = 1_048_576;

export class LivePage {
  readonly #browser: Browser;
  readonly #page: Page;
  readonly #cdp: CDPSession;
  /** What the page's scripts failed with. */
  readonly errors: string[] = [];

  private constructor(browser: Browser, page: Page, cdp: CDPSession) {
    this.#browser = browser;
    this.#page = page;
    this.#cdp = cdp;
    page.on('pageerror', (error) => this.errors.push(error.message));
  }

  /** Rejects with BAD_INPUT without a Chromium, and when the page does not come to show figures. */
  static async open(url: string, chromiumPath: string | undefined): Promise<LivePage> {
    const { chromium } = await import('playwright-core').catch(() => {
      throw new ShopError('BAD_INPUT', 'playwright-core is not installed: run npm ci, or give --no-page');
    });
    const browser = await chromium.launch({
      executablePath: executable(chromiumPath),
      args: ['--no-sandbox'],
      // Who soaks stops it, after it has read what it wants to know.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
    try {
      const context = await browser.newContext({ viewport: SIZE, locale: 'en-GB' });
      const page = await context.newPage();
      const cdp = await context.newCDPSession(page);
      const live = new LivePage(browser, page, cdp);
      await page.goto(url, { timeout: LOADING_MS_MAX });
      await page.locator(figure('Orders since 00:00')).waitFor({ timeout: LOADING_MS_MAX });
      return live;
    } catch (error) {
      await browser.close();
      const [line = ''] = (error as Error).message.split('\n');
      throw new ShopError('BAD_INPUT', `the Live page at ${url} did not come up (npm run build makes it): ${line}`);
    }
  }

  get version(): string {
    return this.#browser.version();
  }

  /** The main thread's tasks of the next so many ms. */
  async tasks(ms: number, signal: AbortSignal): Promise<Task[]> {
    const events: TraceEvent[] = [];
    const collect = ({ value }: { value: object[] }): void => void events.push(...(value as TraceEvent[]));
    this.#cdp.on('Tracing.dataCollected', collect);
    const complete = new Promise<void>((resolve) => this.#cdp.once('Tracing.tracingComplete', () => resolve()));
    await this.#cdp.send('Tracing.start', {
      transferMode: 'ReportEvents',
      traceConfig: { includedCategories: CATEGORIES, excludedCategories: ['*'] },
    });
    await pause(ms, signal);
    await this.#cdp.send('Tracing.end');
    await complete;
    this.#cdp.off('Tracing.dataCollected', collect);
    return mainThreadTasks(events, this.#page.url());
  }

  /** The intervals between the frames of the next so many ms, in ms. */
  async frames(ms: number, signal: AbortSignal): Promise<number[]> {
    await this.#page.evaluate(COUNT_FRAMES);
    await pause(ms, signal);
    return this.#page.evaluate<number[]>(FRAMES_COUNTED);
  }

  async sample(atSeconds: number): Promise<PageSample> {
    await this.#cdp.send('HeapProfiler.collectGarbage');
    const { usedSize } = await this.#cdp.send('Runtime.getHeapUsage');
    const { nodes, jsEventListeners } = await this.#cdp.send('Memory.getDOMCounters');
    return { atSeconds, heapMiB: usedSize / MIB, nodes, listeners: jsEventListeners };
  }

  /** What it shows. */
  async counts(): Promise<Counts> {
    const number = async (title: string): Promise<number> =>
      Number((await this.#page.locator(figure(title)).innerText()).replace(/\D/g, ''));
    return { ordersToday: await number('Orders since 00:00'), handledToday: await number('Handled · open') };
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }
}

// As texts: this is for the page, whose globals this program does not have.
const COUNT_FRAMES = `(() => {
  const counted = (globalThis.soakFrames = { intervals: [], going: true });
  let last = null;
  const frame = (now) => {
    if (last !== null) counted.intervals.push(now - last);
    last = now;
    if (counted.going) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})()`;
const FRAMES_COUNTED = `(() => {
  const { intervals } = Object.assign(globalThis.soakFrames, { going: false });
  delete globalThis.soakFrames;
  return intervals;
})()`;

function figure(title: string): string {
  return `[data-figure="${title}"]`;
}

function executable(given: string | undefined): string {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  const candidates =
    given === undefined ? NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name))) : [given];
  const found = candidates.find((each) => existsSync(each));
  if (found !== undefined) return found;
  throw new ShopError(
    'BAD_INPUT',
    given === undefined
      ? 'there is no chromium on PATH: install one, set CHROMIUM_PATH to it, or give --no-page'
      : `CHROMIUM_PATH is "${given}", which does not exist`,
  );
}

/** Resolves after so many ms, or as soon as it is to stop. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted || ms <= 0) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
