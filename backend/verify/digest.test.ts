import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PROJECTIONS } from '../../projections/index.ts';
import { MemoryModels, MemoryStore } from '../../projections/model/memory-models.ts';
import { openEmbedded } from '../adapters/lmdb/embedded.ts';
import type { NewRecord } from '../events/codec.ts';
import type { EventLog } from '../ports/event-log.ts';
import { silentLogger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { contributionOf, SetDigest, type Contributor } from './digest.ts';
import { COLLECTIONS, foldAll, recordsOf, Shop, someEvents } from './verify-test-kit.ts';
import { verify } from './verify.ts';

const contributor: Contributor = {
  topic: 'orders',
  partition: 3,
  key: '2026-11-22T14:15Z',
  position: 17,
  bodyDigest: 'abcdefghijklmnopqrstuv',
};

function digestOfAll(contributors: readonly Contributor[]): string {
  const digest = new SetDigest();
  for (const each of contributors) digest.add(contributionOf(each));
  return digest.toString();
}

async function digests(
  log: EventLog,
  models: ReadModels,
  collections: Readonly<Record<string, string>> = COLLECTIONS,
): Promise<Record<string, string>> {
  const result = await verify({ log, models, collections });
  expect(result.ok).toBe(true);
  for (const { digest, expectedDigest } of result.projections) expect(digest).toBe(expectedDigest);
  return Object.fromEntries(result.projections.map(({ name, digest }) => [name, digest]));
}

describe('the digest of documents', () => {
  it('is 32 zeros for none, and does not change from version to version', () => {
    expect(digestOfAll([])).toBe('0'.repeat(32));
    expect(digestOfAll([contributor])).toBe('91bc9d1991bad0b15c37d93bf5133522');
  });

  it('does not depend on the order, and does on how often', () => {
    const other = { ...contributor, key: 'x' };
    expect(digestOfAll([contributor, other])).toBe(digestOfAll([other, contributor]));
    expect(digestOfAll([contributor, contributor])).not.toBe(digestOfAll([contributor]));
    expect(digestOfAll([contributor, other])).toHaveLength(32);
  });

  it.each([
    { topic: 'stock' as const },
    { partition: 2 },
    { key: '2026-11-22T14:30Z' },
    { position: 16 },
    { bodyDigest: 'bbcdefghijklmnopqrstuv' },
  ])('changes with %o', (change) => {
    expect(digestOfAll([{ ...contributor, ...change }])).not.toBe(digestOfAll([contributor]));
  });
});

describe('the digests of one log', () => {
  const pieces: readonly (readonly NewRecord[])[] = [1, 2, 3].map((seed) => recordsOf(someEvents(500 + seed, 60)));
  let dir: string;

  beforeEach(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-digest-'));
  });

  afterEach(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  it('are the same however it was folded, and wherever it is stored', async () => {
    const atOnce = new Shop();
    for (const piece of pieces) await atOnce.append(piece);
    await atOnce.fold();
    const known = await digests(atOnce.log, atOnce.models);
    expect(new Set(Object.values(known)).size).toBe(PROJECTIONS.length);

    const inPieces = new Shop();
    for (const piece of pieces) {
      await inPieces.append(piece);
      await inPieces.fold();
    }
    expect(await digests(inPieces.log, inPieces.models)).toEqual(known);

    const rebuilt = Object.fromEntries(PROJECTIONS.map(({ name }) => [name, `${name}-g2`]));
    await foldAll(atOnce.log, atOnce.models, PROJECTIONS, rebuilt);
    expect(await digests(atOnce.log, atOnce.models, rebuilt)).toEqual(known);

    const embedded = await openEmbedded({ dir, logger: silentLogger, mode: 'own' });
    try {
      await foldAll(atOnce.log, embedded.models, PROJECTIONS, COLLECTIONS);
      expect(await digests(atOnce.log, embedded.models)).toEqual(known);
    } finally {
      await embedded.close();
    }
  });

  it('are the same with the log on LMDB', async () => {
    const embedded = await openEmbedded({ dir, logger: silentLogger, mode: 'own' });
    try {
      await embedded.log.ensureTopics();
      const writer = await embedded.log.writer('test');
      for (const piece of pieces) await writer.append(piece);
      await foldAll(embedded.log, embedded.models, PROJECTIONS, COLLECTIONS);
      const memory = new MemoryModels(new MemoryStore());
      await foldAll(embedded.log, memory, PROJECTIONS, COLLECTIONS);
      expect(await digests(embedded.log, memory)).toEqual(await digests(embedded.log, embedded.models));
    } finally {
      await embedded.close();
    }
  });

  it('change with one more event', async () => {
    const shop = new Shop();
    for (const piece of pieces) await shop.append(piece);
    await shop.fold();
    const before = await digests(shop.log, shop.models);
    await shop.append(recordsOf(someEvents(504, 40)));
    await shop.fold();
    for (const [name, digest] of Object.entries(await digests(shop.log, shop.models)))
      expect(digest, name).not.toBe(before[name]);
  });
});
