/** `dead-letters`: the records that could not be decoded, each with its place and its cause. */
import Table from 'cli-table3';
import { listDeadLetters } from '../../dead-letters/dead-letters.ts';
import { connect } from '../connect.ts';
import { readSettings } from '../settings.ts';
import { createLogger } from '../terminal.ts';

export async function run(options: { json: boolean }): Promise<void> {
  const settings = readSettings(process.env);
  const connection = await connect(settings, 'read', createLogger(settings.logLevel, 'dead-letters'));
  try {
    const letters = await listDeadLetters(connection.log);
    if (options.json) process.stdout.write(`${JSON.stringify(letters)}\n`);
    else if (letters.length === 0) process.stdout.write('No dead letters: every record could be decoded.\n');
    else {
      const table = new Table({
        head: ['Topic', 'Partition', 'Offset', 'Cause', 'Record'],
        style: { head: [], border: [] },
      });
      for (const { topic, partition, offset, cause, preview } of letters) {
        table.push([topic, partition, offset, cause, preview]);
      }
      process.stdout.write(`${table.toString()}\n${letters.length} dead letters\n`);
    }
  } finally {
    await connection.close();
  }
}
