/** The project's report: two pages of A4, printed from what its sources are now. */
import { execFile, spawnSync } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const ROOT = path.join(import.meta.dirname, '..');
const PDF = path.join(ROOT, 'docs/report.pdf');
const run = promisify(execFile);

const hasPdfinfo = spawnSync('pdfinfo', ['-v']).error === undefined;
const isNeeded = process.env['CI'] === 'true' || process.env['REQUIRE_ENGINES'] === '1';

describe('docs/report.pdf', () => {
  test('was printed from its sources and the measured figures as they are', async () => {
    const script = path.join(ROOT, 'scripts/report-pdf.ts');
    await run(process.execPath, ['--import', 'tsx', script, '--check'], { cwd: ROOT });
  });

  test.skipIf(!hasPdfinfo && !isNeeded)('has two pages of A4 [needs pdfinfo: install poppler-utils]', async () => {
    const { stdout } = await run('pdfinfo', [PDF]);
    expect(stdout).toMatch(/^Pages: +2$/m);
    expect(stdout).toMatch(/^Page size: .*\(A4\)$/m);
    expect(stdout).toMatch(/^Title: +Shopstream/m);
  });
});
