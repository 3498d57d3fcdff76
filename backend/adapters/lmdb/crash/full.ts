/** Appends until the disk is full, goes on trying until there is space again, and says so. For crash.test.ts. */
import { isShopError } from '../../../ports/errors.ts';
import { silentLogger } from '../../../ports/logger.ts';
import { openEmbedded } from '../embedded.ts';

const RETRY_MS = 20;
const APPENDS_AFTER = 10;

const embedded = await openEmbedded({ dir: process.argv[2] ?? '', logger: silentLogger, mode: 'own' });
const writer = await embedded.log.writer('shop');
const record = { topic: 'orders', partition: 0, key: 'k', value: 'x'.repeat(50_000) } as const;
let acknowledged = 0;
let refused = false;
for (let after = 0; after < APPENDS_AFTER;) {
  try {
    await writer.append([record]);
    acknowledged += 1;
    if (refused) after += 1;
  } catch (error) {
    if (!refused)
      process.stdout.write(`refused ${isShopError(error) ? `${error.code} ${error.message}` : String(error)}\n`);
    refused = true;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}
await embedded.close();
process.stdout.write(`acknowledged ${acknowledged}\n`);
