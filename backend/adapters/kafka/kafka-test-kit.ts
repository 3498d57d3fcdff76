/** Logs of their own for tests that share a broker. */
import { createServer, type Socket } from 'node:net';
import { uniqueName } from '../../../tests/engines.ts';
import { TOPICS } from '../../events/topics.ts';
import type { EventLog } from '../../ports/event-log.ts';
import type { OpenedLog } from '../../ports/event-log.contract-kit.ts';
import { silentLogger } from '../../ports/logger.ts';
import { createClient, type KafkaSettings } from './client.ts';
import { openKafkaLog } from './kafka-log.ts';

export function settingsForTests(brokers: readonly string[], topicPrefix: string): KafkaSettings {
  return { brokers, topicPrefix, clientId: 'tests', logger: silentLogger, sessionTimeoutMs: 6_000 };
}

/** A fresh log under a prefix that no other test has; its topics are deleted when it is disposed of. */
export async function kafkaForTests(
  brokers: readonly string[],
): Promise<OpenedLog & { readonly settings: KafkaSettings }> {
  const settings = settingsForTests(brokers, `${uniqueName('t')}.`);
  const opened: EventLog[] = [];
  const open = async (): Promise<EventLog> => {
    const log = await openKafkaLog(settings);
    opened.push(log);
    return log;
  };
  const log = await open();
  await log.ensureTopics();
  return {
    log,
    settings,
    reopen: open,
    dispose: async () => {
      await Promise.all(opened.map((each) => each.close()));
      await deleteTopics(settings);
    },
  };
}

async function deleteTopics(settings: KafkaSettings): Promise<void> {
  const admin = createClient(settings).admin();
  await admin.connect();
  const present = new Set(await admin.listTopics());
  const topics = TOPICS.map(({ topic }) => settings.topicPrefix + topic).filter((each) => present.has(each));
  if (topics.length > 0) await admin.deleteTopics({ topics });
  await admin.disconnect();
}

/** A port that accepts connections and never says a word. */
export function listenSilently(): Promise<{ port: number; close: () => void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      resolve({
        port,
        close: () => {
          for (const socket of sockets) socket.destroy();
          server.close();
        },
      });
    }),
  );
}
