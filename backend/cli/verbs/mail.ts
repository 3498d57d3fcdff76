/** `mail`: writes a mail for each handled order, on Kafka and MongoDB. */
import { startMailing } from '../roles.ts';
import { runRole } from '../run-role.ts';

export async function run(options: { history: boolean }): Promise<void> {
  await runRole('mail', 'writing a mail for each handled order', (context) => startMailing(context, options.history), {
    usesDays: true,
  });
}
