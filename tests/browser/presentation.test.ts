/** The slides, opened as a file: they need nothing from elsewhere, and nothing is cut off. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumPath, describeWithChromium } from '../chromium.ts';

const DOCS = path.resolve(import.meta.dirname, '../../docs');
const INDEX = path.join(DOCS, 'presentation/index.html');
const SIZE = { width: 1280, height: 720 };
const SLIDES = 12;

/** Of the slide that is shown: whatever reaches beyond its frame or its own box, by its text. */
const CUT_OFF = `(() => {
  const slide = Reveal.getCurrentSlide();
  const frame = slide.getBoundingClientRect();
  return [...slide.querySelectorAll('*:not(.notes):not(.cover-screen)')].flatMap((each) => {
    const box = each.getBoundingClientRect();
    const isOut = box.width > 0 && (box.left < frame.left || box.top < frame.top || box.right > frame.right + 0.5 || box.bottom > frame.bottom + 0.5);
    const isCut = each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).display !== 'inline' && !each.closest('svg');
    return isOut || isCut ? [each.tagName + ': ' + (each.textContent || each.alt).trim().slice(0, 60)] : [];
  });
})()`;

/** Rejects when a picture of the slide cannot be shown. */
const DECODED = `Promise.all([...Reveal.getCurrentSlide().querySelectorAll('img')].map((picture) => picture.decode()))`;

let browser: Browser;
let page: Page;
const requests: string[] = [];
const complaints: string[] = [];

describeWithChromium('the slides', () => {
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: chromiumPath(),
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    });
    page = await browser.newPage({ viewport: SIZE });
    page.on('request', (request) => void requests.push(request.url()));
    page.on('requestfailed', (request) => void complaints.push(`failed: ${request.url()}`));
    page.on('console', (message) => void complaints.push(message.text()));
    page.on('pageerror', (error) => void complaints.push(error.message));
    await page.goto(pathToFileURL(INDEX).href);
    await page.waitForFunction('Reveal.isReady()');
  });
  afterAll(() => browser.close());

  test('each fits into its frame, has its pictures and notes for who speaks', async () => {
    expect(await page.evaluate('Reveal.getTotalSlides()')).toBe(SLIDES);
    for (let index = 0; index < SLIDES; index += 1) {
      await page.evaluate(`Reveal.slide(${index})`);
      await page.evaluate(DECODED);
      expect(await page.evaluate(CUT_OFF), `slide ${index + 1}`).toEqual([]);
      expect(await page.evaluate('Reveal.getSlideNotes()'), `slide ${index + 1}`).toBeTruthy();
    }
  });

  test('they are set in the typeface that comes with them', async () => {
    expect(await page.evaluate(`document.fonts.check("24px 'Inter Variable'")`)).toBe(true);
    expect(await page.evaluate(`[...document.fonts].map(({ status }) => status)`)).toContain('loaded');
  });

  test('nothing comes from another host, and the console stays empty', () => {
    expect(requests.length).toBeGreaterThan(SLIDES / 2);
    expect(requests.filter((url) => !/^(file|data):/.test(url))).toEqual([]);
    const missing = requests.filter(
      (url) => url.startsWith('file:') && !existsSync(fileURLToPath(url.split('#')[0] ?? '')),
    );
    expect(missing).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test('the figures are those of the report', () => {
    const slides = readFileSync(INDEX, 'utf8');
    for (const figure of ['architecture.svg', 'recovery.svg'])
      expect(slides, figure).toContain(readFileSync(path.join(DOCS, 'report', figure), 'utf8').trim());
  });
});
