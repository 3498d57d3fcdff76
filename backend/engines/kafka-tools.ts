/** Kafka's own tools, to see the group's offsets as an operator does. */
import type { Logger } from '../ports/logger.ts';
import { ShopError } from '../ports/errors.ts';
import { classPath } from './java.ts';
import { kafkaJars } from './kafka.ts';
import { run } from './process.ts';

const TOOL_WAIT_MAX_MS = 60_000;

export interface GroupPosition {
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
  readonly cacheDir: string;
  readonly logger: Logger;
}): Promise<GroupPosition[]> {
  const jars = await kafkaJars(options.cacheDir, options.logger);
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
  return parseGroup(output);
}

/** Columns are found by the names in the heading line, whatever their order. */
export function parseGroup(output: string): GroupPosition[] {
  const rows = output.split('\n').map((line) => line.trim().split(/\s+/));
  const heading = rows.find((row) => row.includes('CURRENT-OFFSET')) ?? [];
  const column = (row: readonly string[], name: string): string => row[heading.indexOf(name)] ?? '';
  const offset = (text: string): number | null => (/^\d+$/.test(text) ? Number(text) : null);
  return rows
    .filter((row) => row !== heading && /^\d+$/.test(column(row, 'LOG-END-OFFSET')))
    .map((row) => ({
      topic: column(row, 'TOPIC'),
      partition: Number(column(row, 'PARTITION')),
      current: offset(column(row, 'CURRENT-OFFSET')),
      end: Number(column(row, 'LOG-END-OFFSET')),
      lag: offset(column(row, 'LAG')),
    }));
}
