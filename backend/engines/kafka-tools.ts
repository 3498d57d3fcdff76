/** Kafka's own tools, to see the groups' offsets as an operator does, and to write as a producer in Java does. */
import { silentLogger, type Logger } from '../ports/logger.ts';
import { ShopError } from '../ports/errors.ts';
import { CACHE_DIR, classPath } from './java.ts';
import { kafkaJars } from './kafka.ts';
import { run } from './process.ts';

const TOOL_WAIT_MAX_MS = 60_000;

export interface GroupPosition {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  /** The committed offset; null when none was committed. */
  readonly current: number | null;
  readonly end: number;
  /** Offsets between the two, transaction markers included; null when none was committed. */
  readonly lag: number | null;
}

/** `kafka-consumer-groups.sh --describe --group`: every partition that the group has an offset for or is assigned. */
export async function describeGroup(options: {
  readonly brokers: readonly string[];
  readonly group: string;
  /** Where Kafka's jars are kept; default: `.cache` in the project. */
  readonly cacheDir?: string;
  readonly logger?: Logger;
}): Promise<GroupPosition[]> {
  const jars = await kafkaJars(options.cacheDir ?? CACHE_DIR, options.logger ?? silentLogger);
  const { ok, output, errors } = await run(
    'java',
    [
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
      '-cp',
      classPath(jars),
      'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
      '--bootstrap-server',
      options.brokers.join(','),
      '--describe',
      '--group',
      options.group,
    ],
    { limitMs: TOOL_WAIT_MAX_MS },
  );
  if (!ok) throw new ShopError('UNAVAILABLE', `the consumer group ${options.group} could not be described: ${errors}`);
  return parseGroups(output);
}

/**
 * `kafka-console-producer.sh`: what a producer in Java writes, partitioned by the key as Java does it. Rejects with
 * UNAVAILABLE. Keys and values must not hold tabs or ends of lines.
 */
export async function produceFromJava(options: {
  readonly brokers: readonly string[];
  /** Kafka's name of it. */
  readonly topic: string;
  readonly records: readonly { readonly key: string; readonly value: string }[];
  readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  readonly cacheDir?: string;
  readonly logger?: Logger;
}): Promise<void> {
  const jars = await kafkaJars(options.cacheDir ?? CACHE_DIR, options.logger ?? silentLogger);
  const reading = ['--property', 'parse.key=true', '--property', 'key.separator=\t'];
  const { ok, errors } = await run(
    'java',
    [
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
      '-cp',
      classPath(jars),
      'org.apache.kafka.tools.ConsoleProducer',
      '--bootstrap-server',
      options.brokers.join(','),
      '--topic',
      options.topic,
      '--compression-codec',
      options.compression,
      ...reading,
    ],
    { limitMs: TOOL_WAIT_MAX_MS, input: options.records.map(({ key, value }) => `${key}\t${value}\n`).join('') },
  );
  // It ends with 0 also when a record was refused.
  if (!ok || errors !== '')
    throw new ShopError('UNAVAILABLE', `nothing could be produced to ${options.topic}: ${errors}`);
}

/** Each group has a heading line of its own; columns are found by the names in it. */
export function parseGroups(output: string): GroupPosition[] {
  const positions: GroupPosition[] = [];
  let heading: string[] = [];
  const offset = (text: string): number | null => (/^\d+$/.test(text) ? Number(text) : null);
  for (const line of output.split('\n')) {
    const row = line.trim().split(/\s+/);
    if (row.includes('CURRENT-OFFSET')) {
      heading = row;
      continue;
    }
    const column = (name: string): string => row[heading.indexOf(name)] ?? '';
    const end = offset(column('LOG-END-OFFSET'));
    if (end === null) continue;
    positions.push({
      group: column('GROUP'),
      topic: column('TOPIC'),
      partition: Number(column('PARTITION')),
      current: offset(column('CURRENT-OFFSET')),
      end,
      lag: offset(column('LAG')),
    });
  }
  return positions;
}
