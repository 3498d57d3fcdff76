/** `serve`: the API with its playground, and the dashboard, on Kafka and MongoDB. */
import { runRole } from '../run-role.ts';
import { startServingAlone } from '../serving.ts';

export async function run(options: { port?: number }): Promise<void> {
  await runRole('serve', 'serving the API and the dashboard', async (context) => {
    const serving = await startServingAlone(context, options.port ?? context.settings.port);
    context.logger.info({ dashboard: serving.url, api: `${serving.url}/graphql` }, 'The API answers.');
    return serving;
  });
}
