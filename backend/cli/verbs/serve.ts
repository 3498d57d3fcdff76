/** `serve`: the API with its playground, and the dashboard, on Kafka and MongoDB. */
import type { Role, RoleContext } from '../roles.ts';
import { runRole } from '../run-role.ts';
import { startServingAlone } from '../serving.ts';

export async function run(options: { port?: number }): Promise<void> {
  const start = async (context: RoleContext): Promise<Role> => {
    const serving = await startServingAlone(context, options.port ?? context.settings.port);
    context.logger.info({ dashboard: serving.url, api: `${serving.url}/graphql` }, 'The API answers.');
    return serving;
  };
  await runRole('serve', 'serving the API and the dashboard', start, { usesDays: true });
}
