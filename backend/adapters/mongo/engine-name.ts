/** Which of the servers that speak MongoDB's protocol it is. */
import { MongoServerError, type Db } from 'mongodb';

export const DOCUMENT_DB = 'DocumentDB';
const COMMAND_NOT_FOUND = 59;

/** Its name and version, for people. */
export async function engineOf(db: Db): Promise<string> {
  const info = await db.command({ buildInfo: 1 });
  // It passes for MongoDB, but for a field of its own in its greeting.
  const { internal } = (await db.command({ hello: 1 }).catch(ofOlderServer)) as { readonly internal?: object };
  const isDocumentDb = internal !== undefined || JSON.stringify(info).toLowerCase().includes(DOCUMENT_DB.toLowerCase());
  return `${isDocumentDb ? `${DOCUMENT_DB}, as MongoDB` : 'MongoDB'} ${String(info['version'])}`;
}

/** A server that knows the older greeting only (mongo-java-server) is not that one. */
function ofOlderServer(error: unknown): object {
  if (error instanceof MongoServerError && error.code === COMMAND_NOT_FOUND) return {};
  throw error;
}
