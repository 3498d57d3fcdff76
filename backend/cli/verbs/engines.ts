/** `engines`: Kafka and a MongoDB server without Docker, kept until Ctrl-C. */
import path from 'node:path';
import { startEngines } from '../../engines/engines.ts';
import { readSettings } from '../settings.ts';
import { stopSignal, untilAborted } from '../run-until.ts';
import { createLogger } from '../terminal.ts';

export async function run(options: { kafkaPort: number; mongoPort: number }): Promise<void> {
  const settings = readSettings(process.env);
  const logger = createLogger(settings.logLevel, 'engines');
  const signal = stopSignal();
  process.stdout.write('Starting Kafka and a MongoDB server (the first time takes a minute) …\n');
  const dir = path.join(settings.dataDir, 'engines');
  const engines = await startEngines({ dir, logger, kafkaPort: options.kafkaPort, mongoPort: options.mongoPort });
  try {
    process.stdout.write(
      `\nThey keep their data in ${dir}. For the other terminals:\n\n` +
        `  export KAFKA_BROKERS=${engines.brokers.join(',')}\n  export MONGODB_URI=${engines.mongodbUri}\n\n` +
        'Then npm start runs the whole shop on them, or one role each: npm run shop, project, handle, mail, report, simulate.\nCtrl-C stops them.\n',
    );
    await untilAborted(signal);
  } finally {
    await engines.stop();
  }
  process.stdout.write('Stopped.\n');
}
