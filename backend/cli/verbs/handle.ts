/** `handle`: handles orders when they are due, on Kafka and MongoDB. */
import { startHandling } from '../roles.ts';
import { runRole } from '../run-role.ts';

export async function run(): Promise<void> {
  await runRole('handle', 'handling orders when they are due', startHandling);
}
