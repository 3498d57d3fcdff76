/**
 * Emits docs/report.schema.json, the JSON Schema of a daily report. With --check it compares instead, and exits
 * with 1 when the committed file is out of date.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { DailyReportSchema } from '../backend/reporter/report-schema.ts';

const FILE = new URL('../docs/report.schema.json', import.meta.url);
const COMMAND = 'node --import tsx scripts/report-schema.ts';

const text = await format(JSON.stringify(DailyReportSchema), { parser: 'json', printWidth: 120 });

if (!process.argv.includes('--check')) writeFileSync(FILE, text);
else if (!existsSync(FILE) || readFileSync(FILE, 'utf8') !== text) {
  console.error(`docs/report.schema.json is out of date; run ${COMMAND}`);
  process.exitCode = 1;
}
