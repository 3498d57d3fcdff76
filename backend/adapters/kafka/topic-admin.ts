/** Creates the topics that are missing and asserts the properties of those that exist. */
// The default import, because Node does not see all the names that this CommonJS package exports.
import kafkajs, { type Admin } from 'kafkajs';
import { RECORD_BYTES_MAX } from '../../events/codec.ts';
import { TOPICS, type TopicDescription } from '../../events/topics.ts';
import { ShopError } from '../../ports/errors.ts';
import { createClient, RETRY, topicName, type KafkaSettings } from './client.ts';
import { isPermanent, toShopError, typeOf } from './kafka-errors.ts';

const REPLICAS_MAX = 3;
/** Room for the largest record with its key, and for a dead letter that carries it in another encoding. */
const MESSAGE_BYTES_MAX = 4 * RECORD_BYTES_MAX;
const KNOWN_WAIT_MAX_MS = 20_000;
const LOOK_INTERVAL_MS = 50;

export async function ensureTopics(settings: KafkaSettings): Promise<void> {
  const admin = createClient(settings).admin({ retry: RETRY });
  try {
    await admin.connect();
    await createMissing(admin, settings);
    await onceKnown(() => assertPartitions(admin, settings));
    await onceKnown(() => assertProperties(admin, settings));
  } catch (error) {
    throw toShopError(settings, 'ensuring the topics', error);
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

async function createMissing(admin: Admin, settings: KafkaSettings): Promise<void> {
  const present = new Set(await admin.listTopics());
  const missing = TOPICS.filter(({ topic }) => !present.has(topicName(settings, topic)));
  if (missing.length === 0) return;
  const { brokers } = await admin.describeCluster();
  // One by one: another process may be creating them too, and one that exists must not spoil the others.
  for (const description of missing) {
    try {
      await admin.createTopics({
        waitForLeaders: false,
        topics: [
          {
            topic: topicName(settings, description.topic),
            numPartitions: description.partitions,
            replicationFactor: Math.min(REPLICAS_MAX, brokers.length),
            configEntries: configOf(description),
          },
        ],
      });
    } catch (error) {
      if (typeOf(error) !== 'TOPIC_ALREADY_EXISTS') throw error;
    }
  }
}

function configOf(description: TopicDescription): { name: string; value: string }[] {
  return [
    { name: 'cleanup.policy', value: 'delete' },
    { name: 'retention.ms', value: String(description.retentionMs) },
    { name: 'retention.bytes', value: '-1' },
    { name: 'max.message.bytes', value: String(MESSAGE_BYTES_MAX) },
  ];
}

/** Topics that were created a moment ago may not be known to every broker yet. */
async function onceKnown(check: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + KNOWN_WAIT_MAX_MS;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (isPermanent(error) || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
    }
  }
}

async function assertPartitions(admin: Admin, settings: KafkaSettings): Promise<void> {
  for (const description of TOPICS) {
    const name = topicName(settings, description.topic);
    const { topics } = await admin.fetchTopicMetadata({ topics: [name] });
    const partitions = topics[0]?.partitions ?? [];
    if (partitions.length === 0 || partitions.some((each) => each.leader < 0))
      throw new Error(`a partition of ${name} has no leader yet`);
    if (partitions.length !== description.partitions) throw wrongPartitions(name, description, partitions.length);
  }
}

function wrongPartitions(name: string, description: TopicDescription, found: number): ShopError {
  const message =
    `topic ${name} has ${found} partitions, but ${description.partitions} are needed: which partition a key goes to ` +
    `depends on it; delete the topic if it is empty, or use another Kafka`;
  return new ShopError('MISCONFIGURED', message);
}

async function assertProperties(admin: Admin, settings: KafkaSettings): Promise<void> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: TOPICS.map(({ topic }) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name: topicName(settings, topic),
      configNames: ['cleanup.policy', 'retention.ms', 'retention.bytes'],
    })),
  });
  for (const description of TOPICS) {
    const name = topicName(settings, description.topic);
    const entries = resources.find((each) => each.resourceName === name)?.configEntries ?? [];
    const needed = configOf(description).filter((each) => each.name !== 'max.message.bytes');
    for (const { name: property, value } of needed) {
      // How long signals are kept is for whoever runs Kafka to say; the truth is kept for ever.
      if (property.startsWith('retention') && !description.truth) continue;
      const found = entries.find((each) => each.configName === property)?.configValue;
      if (found === value) continue;
      const message =
        `topic ${name} has ${property}=${String(found)}, but ${value} is needed, or events would be lost; mend it with ` +
        `kafka-configs.sh --alter --entity-type topics --entity-name ${name} --add-config ${property}=${value}`;
      throw new ShopError('MISCONFIGURED', message);
    }
  }
}
