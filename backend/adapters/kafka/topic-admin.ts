/** Creates the topics that are missing and asserts the settings of those that exist, which are never changed here. */
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
    const present = await onceKnown(() => presentTopics(admin, settings));
    await onceKnown(() => assertSettings(admin, settings, present));
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
  const replicas = Math.min(REPLICAS_MAX, brokers.length);
  for (const description of missing) {
    try {
      await admin.createTopics({
        waitForLeaders: false,
        topics: [
          {
            topic: topicName(settings, description.topic),
            numPartitions: description.partitions,
            replicationFactor: replicas,
            configEntries: configOf(description, replicas),
          },
        ],
      });
    } catch (error) {
      if (typeOf(error) !== 'TOPIC_ALREADY_EXISTS') throw error;
    }
  }
}

/** What a topic must have set, and why. */
interface Needed {
  readonly name: string;
  /** What a new topic is given. */
  readonly value: string;
  /** Whether what an existing topic has will do. */
  readonly suffices: (found: string) => boolean;
  /** What would happen otherwise. */
  readonly otherwise: string;
}

/**
 * Settings that do not matter are left to who runs Kafka: `compression.type` (every codec is read), and
 * `message.timestamp.type` (instants come from the events).
 */
function neededOf({ truth, retentionMs }: TopicDescription, replicas: number): Needed[] {
  const exactly = (name: string, value: string, otherwise: string): Needed => ({
    name,
    value,
    suffices: (found) => found === value,
    otherwise,
  });
  const lost = 'or events would be lost';
  const needed = [
    exactly('cleanup.policy', 'delete', lost),
    {
      name: 'max.message.bytes',
      value: String(MESSAGE_BYTES_MAX),
      suffices: (found: string) => Number(found) >= MESSAGE_BYTES_MAX,
      otherwise: 'or large records could not be written',
    },
    minInsyncReplicas(replicas),
  ];
  // How long signals and leftovers are kept is for who runs Kafka to say; the truth is kept for ever.
  if (!truth) return needed;
  return [
    ...needed,
    exactly('retention.ms', String(retentionMs), lost),
    exactly('retention.bytes', '-1', lost),
    exactly('unclean.leader.election.enable', 'false', 'or acknowledged events could be lost'),
  ];
}

/** As many copies as an append waits for. With three brokers one may be away; with fewer, none is spared for safety. */
function minInsyncReplicas(replicas: number): Needed {
  const least = replicas >= REPLICAS_MAX ? 2 : 1;
  return {
    name: 'min.insync.replicas',
    value: String(least),
    suffices: (found) => Number(found) >= least && Number(found) <= replicas,
    otherwise: `for a topic with ${replicas} replicas: fewer could lose acknowledged events, and more are never there`,
  };
}

function configOf(description: TopicDescription, replicas: number): { name: string; value: string }[] {
  const signals = description.truth ? [] : [{ name: 'retention.ms', value: String(description.retentionMs) }];
  return [
    ...neededOf(description, replicas).map(({ name, value }) => ({ name, value })),
    ...signals,
    // What is written stays as it was written, whatever the brokers' default is.
    { name: 'compression.type', value: 'producer' },
  ];
}

/** Topics that were created a moment ago may not be known to every broker yet. */
async function onceKnown<T>(check: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + KNOWN_WAIT_MAX_MS;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (isPermanent(error) || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
    }
  }
}

interface Present {
  readonly description: TopicDescription;
  /** Kafka's name of it. */
  readonly name: string;
  readonly replicas: number;
}

async function presentTopics(admin: Admin, settings: KafkaSettings): Promise<Present[]> {
  const names = TOPICS.map(({ topic }) => topicName(settings, topic));
  const { topics } = await admin.fetchTopicMetadata({ topics: names });
  return TOPICS.map((description) => {
    const name = topicName(settings, description.topic);
    const partitions = topics.find((each) => each.name === name)?.partitions ?? [];
    if (partitions.length === 0 || partitions.some((each) => each.leader < 0))
      throw new Error(`a partition of ${name} has no leader yet`);
    if (partitions.length !== description.partitions) throw wrongPartitions(name, description, partitions.length);
    return { description, name, replicas: Math.min(...partitions.map((each) => each.replicas.length)) };
  });
}

function wrongPartitions(name: string, { partitions }: TopicDescription, found: number): ShopError {
  const message =
    `topic ${name} has ${found} partitions, but ${partitions} are needed: which partition a key goes to depends on it; ` +
    `if it is empty, delete it (kafka-topics.sh --delete --topic ${name}) and start again; otherwise use another ` +
    'TOPIC_PREFIX or another Kafka';
  return new ShopError('MISCONFIGURED', message);
}

async function assertSettings(admin: Admin, settings: KafkaSettings, present: readonly Present[]): Promise<void> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: present.map(({ name, description, replicas }) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
      configNames: neededOf(description, replicas).map((each) => each.name),
    })),
  });
  const wrong = present.flatMap(({ name, description, replicas }) => {
    const entries = resources.find((each) => each.resourceName === name)?.configEntries ?? [];
    const misfits = neededOf(description, replicas).flatMap((needed) => {
      const found = entries.find((each) => each.configName === needed.name)?.configValue ?? '(nothing)';
      return needed.suffices(found) ? [] : [{ needed, found }];
    });
    return misfits.length === 0 ? [] : [{ name, misfits }];
  });
  const [first, ...others] = wrong;
  if (first === undefined) return;
  const { name, misfits } = first;
  const said = misfits.map(
    ({ needed: { name: setting, value, otherwise }, found }) =>
      `${setting}=${found}, but ${value} is needed, ${otherwise}`,
  );
  const more = others.length === 0 ? '' : `; ${others.map((each) => each.name).join(', ')} must be mended, too`;
  const message =
    `topic ${name} has ${said.join('; ')}; nothing was changed; mend it with kafka-configs.sh ` +
    `--bootstrap-server ${settings.brokers.join(',')} --alter --entity-type topics --entity-name ${name} ` +
    `--add-config ${misfits.map(({ needed: each }) => `${each.name}=${each.value}`).join(',')}${more}`;
  throw new ShopError('MISCONFIGURED', message);
}
