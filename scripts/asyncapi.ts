/**
 * Emits asyncapi.yaml, the published language as a document: topics as channels, events as messages with
 * their JSON Schemas, the golden records as their examples. With --check it compares instead, and exits
 * with 1 when the committed file is out of date.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { EVENTS } from '../backend/events/codec.ts';
import type { EventType } from '../backend/events/events.ts';
import { TOPICS, type TopicDescription } from '../backend/events/topics.ts';

const ROOT = new URL('../', import.meta.url);
const FILE = new URL('asyncapi.yaml', ROOT);
const GOLDEN = new URL('backend/events/golden/', ROOT);
const COMMAND = 'node --import tsx scripts/asyncapi.ts';
const TYPES = Object.keys(EVENTS) as EventType[];

type Json = Record<string, unknown>;

function document(): Json {
  const { version, license } = read(new URL('package.json', ROOT)) as { version: string; license: string };
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Shopstream',
      version,
      license: { name: license },
      description:
        'Every event of the shop as it stands in the log. A published type is never edited, only added to: readers ignore fields that they do not know. Amounts are integers in the minor unit of the currency. The key of a record is what x-key names, in UTF-8, and its partition is the one that the default partitioner of Kafka (murmur2) gives that key; every other record is a dead letter. Any compression will do.',
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(TOPICS.map((topic) => [topic.topic, channelOf(topic)])),
    operations: Object.fromEntries(TOPICS.map((topic) => [`read-${topic.topic}`, operationOf(topic)])),
    components: { messages: Object.fromEntries(TYPES.map((type) => [type, messageOf(type)])) },
  };
}

function channelOf({ topic, partitions, retentionMs, key, description }: TopicDescription): Json {
  const types = TYPES.filter((type) => EVENTS[type].topic === topic);
  return {
    address: topic,
    description,
    messages: Object.fromEntries(types.map((type) => [type, { $ref: `#/components/messages/${type}` }])),
    bindings: {
      kafka: {
        partitions,
        topicConfiguration: { 'cleanup.policy': ['delete'], 'retention.ms': retentionMs },
        bindingVersion: '0.5.0',
      },
    },
    'x-key': key,
    'x-retention': retentionMs < 0 ? 'for ever' : `${retentionMs} ms`,
  };
}

function operationOf({ topic }: TopicDescription): Json {
  return { action: 'receive', channel: { $ref: `#/channels/${topic}` } };
}

function messageOf(type: EventType): Json {
  const { topic, schema, version } = EVENTS[type];
  const key = TOPICS.find((each) => each.topic === topic)?.key ?? '';
  return {
    name: type,
    title: `${type}, version ${version}`,
    contentType: 'application/json',
    // Through JSON: what the schema library keeps for itself falls off.
    payload: JSON.parse(JSON.stringify(schema)) as Json,
    bindings: { kafka: { key: { type: 'string', description: key }, bindingVersion: '0.5.0' } },
    examples: readdirSync(GOLDEN)
      .filter((file) => file.startsWith(`${type}.v${version}.`))
      .sort()
      .map((file) => ({ name: file.replace(/\.json$/, ''), payload: read(new URL(file, GOLDEN)) })),
  };
}

function read(file: URL): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

const text = `# Emitted by scripts/asyncapi.ts; do not edit. To emit it again: ${COMMAND}\n${stringify(document(), {
  aliasDuplicateObjects: false,
  lineWidth: 120,
})}`;

if (!process.argv.includes('--check')) writeFileSync(FILE, text);
else if (!existsSync(FILE) || readFileSync(FILE, 'utf8') !== text) {
  console.error(`asyncapi.yaml is out of date; run ${COMMAND}`);
  process.exitCode = 1;
}
