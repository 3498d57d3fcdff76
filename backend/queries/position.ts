/**
 * Positions that travel: a query or a mutation says how far the log was when it answered, as an opaque text;
 * a later query given that text waits until the read models are there, too.
 */
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { PROJECTIONS } from '../../projections/index.ts';
import { positionIn } from '../../projections/positions.ts';
import { describeTopic, isTopic, type Topic } from '../events/topics.ts';
import type { Clock } from '../ports/clock.ts';
import { ShopError } from '../ports/errors.ts';
import type { TopicPartition } from '../ports/event-log.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { collectionFor, type Collections } from './collections.ts';
import type { ProjectionPositions } from './consistent-read.ts';

const TokenSchema = Type.Object({
  /** Topic to partition to offset. */
  p: Type.Record(
    Type.String({ maxLength: 40 }),
    Type.Record(Type.String({ pattern: '^\\d{1,4}$' }), Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  ),
  /** Epoch ms. */
  t: Type.Integer({ minimum: 0, maximum: 8_640_000_000_000_000 }),
});
const token = Compile(TokenSchema);
const TOKEN_LENGTH_MAX = 4_096;

export interface Position {
  readonly offsets: readonly (TopicPartition & { readonly offset: number })[];
  /** The latest instant of what is in, epoch ms: an answer must not be of an earlier one. */
  readonly at: number;
}

export function encodePosition({ offsets, at }: Position): string {
  const p: Static<typeof TokenSchema>['p'] = {};
  for (const { topic, partition, offset } of offsets) (p[topic] ??= {})[partition] = offset;
  return Buffer.from(JSON.stringify({ p, t: at })).toString('base64url');
}

/** Throws BAD_INPUT when the text was not made by encodePosition. */
export function decodePosition(text: string): Position {
  const parsed = text.length > TOKEN_LENGTH_MAX ? null : parse(text);
  if (!token.Check(parsed)) throw noPosition();
  const offsets = Object.entries(parsed.p).flatMap(([topic, partitions]) => {
    return Object.entries(partitions).map(([name, offset]) => {
      const partition = Number(name);
      if (!isTopic(topic) || !(partition >= 0 && partition < describeTopic(topic).partitions)) throw noPosition();
      return { topic, partition, offset };
    });
  });
  return { offsets, at: parsed.t };
}

function noPosition(): ShopError {
  return new ShopError('BAD_INPUT', '`atLeast` is no position; give one that an answer bore as `position`');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}

/** The position that all of the projections have reached: of each topic-partition the least. */
export function leastOf(positions: ProjectionPositions, at: number): Position {
  const least = new Map<string, TopicPartition & { readonly offset: number }>();
  for (const topics of Object.values(positions)) {
    for (const [name, partitions] of Object.entries(topics)) {
      const topic = name as Topic;
      partitions.forEach((offset, partition) => {
        const id = `${topic}/${partition}`;
        const known = least.get(id);
        if (known === undefined || offset < known.offset) least.set(id, { topic, partition, offset });
      });
    }
  }
  return { offsets: [...least.values()].filter(({ offset }) => offset >= 0), at };
}

export interface WaitOptions {
  readonly models: Pick<ReadModels, 'checkpoints'>;
  readonly clock: Clock;
  readonly collections: Collections;
  /** Names of the projections that will be read. */
  readonly projections: readonly string[];
  readonly position: Position;
  readonly timeoutMs: number;
}

const POLL_MS = 10;

/** Waits until every one of the projections that is folded from a topic is past the position in it. Rejects with TIMEOUT. */
export async function reached(options: WaitOptions): Promise<void> {
  const { models, clock, collections, position, timeoutMs } = options;
  const needed = neededOf(options);
  if (needed.size === 0) return;
  const deadline = clock.now() + timeoutMs;
  for (;;) {
    const stored = await models.checkpoints([
      ...new Set([...needed.keys()].map((name) => collectionFor(collections, name))),
    ]);
    const isThere = [...needed].every(([name, offsets]) =>
      offsets.every((each) => positionIn(stored, collectionFor(collections, name), each) >= each.offset),
    );
    if (isThere) return;
    if (clock.now() >= deadline) {
      throw new ShopError(
        'TIMEOUT',
        `the read models have not reached the position of ${new Date(position.at).toISOString()} within ${timeoutMs} ms; ask again, and see that a projector runs`,
      );
    }
    await clock.until(Math.min(deadline, clock.now() + POLL_MS));
  }
}

function neededOf({ projections, position }: WaitOptions): Map<string, Position['offsets']> {
  const needed = new Map<string, Position['offsets']>();
  for (const name of projections) {
    const topics = PROJECTIONS.find((each) => each.name === name)?.topics ?? [];
    const offsets = position.offsets.filter(({ topic }) => topics.some((each) => each === topic));
    if (offsets.length > 0) needed.set(name, offsets);
  }
  return needed;
}
