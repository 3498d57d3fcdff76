/**
 * Prints docs/report.pdf from its sources: docs/report/ and the figures in docs/measured/*.json, which
 * `npm run bench -- --json` writes. Beside it report/report.json says what it was made from; with --check that is
 * compared, and nothing is printed. Needs Chromium: CHROMIUM_PATH names it when it is elsewhere than usual.
 *
 *     npm run report:pdf [-- --check]
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { measuredHtml, verdict, type Measured } from './report/measured.ts';

const DOCS = fileURLToPath(new URL('../docs/', import.meta.url));
const FONTS = fileURLToPath(new URL('../node_modules/@fontsource-variable/inter/files/', import.meta.url));
const FONT = 'inter-latin-opsz-normal.woff2';
const FONT_ITALIC = 'inter-latin-opsz-italic.woff2';
const PDF = path.join(DOCS, 'report.pdf');
const MADE_FROM = path.join(DOCS, 'report/report.json');
const PAGES = 2;

const read = (file: string): string => readFileSync(path.join(DOCS, file), 'utf8');
const hashOf = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

/** All that bench has written; a file that is not there yet has no figures. */
function measurements(): readonly Measured[] {
  const files = ['measured/bench.json', 'measured/replay.json'].filter((file) => existsSync(path.join(DOCS, file)));
  return files.flatMap((file) => JSON.parse(read(file)) as Measured[]);
}

/** The report without its typefaces, whole in one page of HTML. */
function compose(): string {
  const measured = measurements();
  const screen = readFileSync(path.join(DOCS, 'screenshots/live-light.png'));
  return read('report/report.html')
    .replace('/* styles */', () => read('report/report.css'))
    .replace('<!-- figure -->', () => read('report/architecture.svg'))
    .replace('<!-- recovery -->', () => read('report/recovery.svg'))
    .replace('src="screen"', () => `src="data:image/png;base64,${screen.toString('base64')}"`)
    .replace('<!-- verdict -->', () => verdict(measured))
    .replace('<!-- measured -->', () => measuredHtml(measured));
}

function typefaces(): string {
  const face = (file: string, style: string): string => {
    const data = readFileSync(path.join(FONTS, file)).toString('base64');
    return `@font-face { font-family: 'Inter Variable'; font-weight: 100 900; font-style: ${style}; src: url(data:font/woff2;base64,${data}) }`;
  };
  return `<style>${face(FONT, 'normal')}\n${face(FONT_ITALIC, 'italic')}</style>`;
}

function executable(): string {
  const given = process.env['CHROMIUM_PATH'];
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  const usual = ['chromium', 'chromium-browser', 'google-chrome'].flatMap((name) =>
    folders.map((folder) => path.join(folder, name)),
  );
  const found = given ?? usual.find((file) => existsSync(file));
  if (found !== undefined) return found;
  console.error('there is no Chromium: install one, or set CHROMIUM_PATH to its executable');
  process.exit(1);
}

/** What does not fit on its page would be cut off in silence. */
async function assertFits(page: Page): Promise<void> {
  const over = await page.evaluate<string[]>(`[...document.querySelectorAll('.page')].flatMap((page, index) => {
    const columns = page.querySelector('.columns').getBoundingClientRect();
    const room = page.querySelector('footer').getBoundingClientRect().top;
    const wide = page.querySelector('.columns').scrollWidth > Math.ceil(columns.width);
    return wide || columns.bottom > room ? ['page ' + (index + 1) + ': ' + Math.round(columns.bottom - room) + ' px too much'] : [];
  })`);
  if (over.length === 0) return;
  console.error(`the report does not fit on ${PAGES} pages: ${over.join('; ')}`);
  process.exit(1);
}

async function print(html: string): Promise<Buffer> {
  const browser = await chromium.launch({ executablePath: executable(), args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    await page.setContent(html.replace('</head>', () => `${typefaces()}</head>`));
    await page.emulateMedia({ media: 'print' });
    await page.evaluate('document.fonts.ready.then(() => null)');
    await assertFits(page);
    return await page.pdf({ preferCSSPageSize: true, printBackground: true, tagged: true });
  } finally {
    await browser.close();
  }
}

const html = compose();
if (process.argv.includes('--check')) {
  const madeFrom = JSON.parse(read('report/report.json')) as { sources: string; pdf: string };
  if (madeFrom.sources !== hashOf(html)) {
    console.error('docs/report.pdf is older than its sources: npm run report:pdf');
    process.exitCode = 1;
  } else if (madeFrom.pdf !== hashOf(readFileSync(PDF))) {
    console.error('docs/report.pdf is not what docs/report/report.json was written for: npm run report:pdf');
    process.exitCode = 1;
  }
} else {
  const pdf = await print(html);
  writeFileSync(PDF, pdf);
  writeFileSync(MADE_FROM, `${JSON.stringify({ sources: hashOf(html), pdf: hashOf(pdf) }, null, 2)}\n`);
  console.log(`docs/report.pdf: ${Math.round(pdf.length / 1_024)} KiB`);
}
