/**
 * Emits schema.graphql, the API as a document, from the types and resolvers. With --check it compares instead,
 * and exits with 1 when the committed file is out of date.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { buildApiSchema } from '../backend/graphql/schema.ts';

const FILE = new URL('../schema.graphql', import.meta.url);
const COMMAND = 'node --import tsx scripts/schema.ts';

const schema = lexicographicSortSchema(await buildApiSchema());
const text = `# Emitted by scripts/schema.ts; do not edit. To emit it again: ${COMMAND}\n\n${printSchema(schema)}\n`;

if (!process.argv.includes('--check')) writeFileSync(FILE, text);
else if (!existsSync(FILE) || readFileSync(FILE, 'utf8') !== text) {
  console.error(`schema.graphql is out of date; run ${COMMAND}`);
  process.exitCode = 1;
}
