/** `mail`: writes a mail for each handled order, on Kafka and MongoDB; or lists what the mail server did not take. */
import Table from 'cli-table3';
import { readUndelivered } from '../../queries/deliveries.ts';
import { connect } from '../connect.ts';
import { startMailing } from '../roles.ts';
import { runRole } from '../run-role.ts';
import { readSettings } from '../settings.ts';
import { createLogger } from '../terminal.ts';

const PAGE = 100;

export async function run(options: { history: boolean; list: boolean }): Promise<void> {
  if (options.list) await list();
  else {
    await runRole(
      'mail',
      'writing a mail for each handled order',
      (context) => startMailing(context, options.history),
      {
        usesDays: true,
      },
    );
  }
}

/** Page by page, since a whole domain may put mails off. */
async function list(): Promise<void> {
  const settings = readSettings(process.env);
  const connection = await connect(settings, 'read', createLogger(settings.logLevel, 'mail'));
  const counts = { waiting: 0, 'given-up': 0 };
  try {
    for (const state of ['waiting', 'given-up'] as const) {
      for (let after: string | null | undefined = undefined; after !== null;) {
        const page = await readUndelivered(connection.models, state, { first: PAGE, ...(after ? { after } : {}) });
        const table = new Table({
          head: ['Order', 'To', 'Tries', state === 'waiting' ? 'Next try' : 'Given up', 'The mail server said'],
          style: { head: [], border: [] },
        });
        for (const { item } of page.items) table.push([item.orderId, item.to, item.tries, item.at, item.reason]);
        if (page.items.length > 0) process.stdout.write(`${table.toString()}\n`);
        counts[state] += page.items.length;
        after = page.hasNextPage ? page.endCursor : null;
      }
    }
  } finally {
    await connection.close();
  }
  process.stdout.write(`to be sent again: ${counts.waiting}, given up: ${counts['given-up']}\n`);
}
