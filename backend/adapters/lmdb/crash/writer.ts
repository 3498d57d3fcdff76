/** Appends and flushes as fast as it can until it is killed; prints what has been acknowledged. For crash.test.ts. */
import { silentLogger } from '../../../ports/logger.ts';
import { openEmbedded } from '../embedded.ts';

const { log, models } = await openEmbedded({ dir: process.argv[2] ?? '', logger: silentLogger, mode: 'own' });
const writer = await log.writer('shop');
const [checkpoint] = await models.checkpoints(['counts']);
let folded = checkpoint?.position ?? -1;
for (;;) {
  const records = Array.from({ length: 20 }, (_, index) => {
    return { topic: 'orders', partition: 0, key: `k${index}`, value: 'x'.repeat(300) } as const;
  });
  const offsets = await writer.append(records);
  const last = offsets.at(-1) ?? -1;
  process.stdout.write(`${last}\n`);
  // Each document says how many records came before it: documents and checkpoint must agree at any instant.
  const stored = await models.load('counts', { topic: 'orders', partition: 0 }, ['a', 'b']);
  const documents = ['a', 'b'].map((key) => ({
    key,
    previous: stored.find((each) => each.key === key)?.position ?? null,
    position: last,
    body: { total: last + 1 },
  }));
  const flush = {
    collection: 'counts',
    topic: 'orders',
    partition: 0,
    documents,
    parts: [],
    previous: folded,
    position: last,
  } as const;
  const [outcome] = await models.flush([flush]);
  if (outcome !== 'stored') throw new Error('rejected');
  folded = last;
}
