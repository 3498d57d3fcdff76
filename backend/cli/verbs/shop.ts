/** `shop`: the one writer of orders and stock, and its endpoint, on Kafka and MongoDB. */
import { shopPort, startShop } from '../roles.ts';
import { runRole } from '../run-role.ts';

export async function run(options: { port?: number }): Promise<void> {
  await runRole('shop', 'taking orders', async (context) => {
    const running = await startShop(context, {
      host: context.settings.host,
      port: shopPort(context.settings, options.port),
    });
    context.logger.info({ url: running.url }, 'The shop answers.');
    return running;
  });
}
