/** `project`: folds events into read models, on Kafka and MongoDB. */
import { projectionsNamed, startProjectingAndRebuilding } from '../roles.ts';
import { runRole } from '../run-role.ts';

export async function run(names: string[]): Promise<void> {
  const projections = projectionsNamed(names);
  const what = names.length === 0 ? 'all projections' : projections.map(({ name }) => name).join(', ');
  await runRole('project', `folding ${what}`, (context) => startProjectingAndRebuilding(context, projections));
}
