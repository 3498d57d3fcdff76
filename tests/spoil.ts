/** A store that somebody has changed behind the program's back. */
import { openEmbedded } from '../backend/adapters/lmdb/embedded.ts';
import { liveCollections } from '../backend/cli/collections.ts';
import { silentLogger } from '../backend/ports/logger.ts';

/** Adds 1 to the total of the first document of an embedded projection that has one; resolves to its id in the store. */
export async function spoilDocument(dataDir: string, projection: string): Promise<string> {
  const { models, close } = await openEmbedded({ dir: dataDir, logger: silentLogger, mode: 'own' });
  try {
    const collection = (await liveCollections(models))[projection] ?? projection;
    for await (const documents of models.scanFolded(collection)) {
      const document = documents.find(({ body }) => typeof body['total'] === 'number');
      if (document === undefined) continue;
      const { key, topic, partition, position } = document;
      const body = { ...document.body, total: Number(document.body['total']) + 1 };
      // The checkpoint stays where it is.
      const before = (await models.checkpoints([collection])).find(
        (each) => each.topic === topic && each.partition === partition,
      );
      const at = before?.position ?? -1;
      const write = { key, previous: position, position, body };
      await models.flush([{ collection, topic, partition, documents: [write], parts: [], previous: at, position: at }]);
      return `${topic}/${partition}/${key}`;
    }
    throw new Error(`there is no document of ${projection} to spoil`);
  } finally {
    await close();
  }
}
