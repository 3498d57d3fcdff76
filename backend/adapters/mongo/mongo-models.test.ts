import { MongoClient } from 'mongodb';
import { readModelsContract } from '../../ports/read-models.contract.ts';
import { silentLogger } from '../../ports/logger.ts';
import { describeWithMongo, uniqueName } from '../../../tests/engines.ts';
import { openMongoModels } from './mongo-models.ts';

describeWithMongo('read models in MongoDB', (mongo) => {
  readModelsContract('MongoDB', async () => {
    const uri = new URL(`/${uniqueName('models')}`, mongo.uri).href;
    const open = () => openMongoModels({ uri, logger: silentLogger });
    const models = await open();
    return {
      models,
      reopen: open,
      dispose: async () => {
        await models.close();
        const client = await MongoClient.connect(uri);
        await client.db().dropDatabase();
        await client.close();
      },
    };
  });
});
