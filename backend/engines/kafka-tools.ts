/** Kafka's own tools, to see the groups' offsets as an operator does. */
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
