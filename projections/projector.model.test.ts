/**
 * The projector in a modelled world, over many seeds: partitions lost and regained, two processes on one
 * partition, writes rejected and failed, crashes between any two writes, batches repeated and overlapping.
 * At rest every document must equal a plain fold of its partition. And the test must bite: the same worlds
 * with the code broken on purpose have to end wrong.
 */
import { rm, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { judge } from '../backend/events/record.ts';
import type { TruthTopic } from '../backend/events/topics.ts';
import { World, type StartProjector } from './model/world.ts';
import { orderCounts } from './order-counts.ts';
import { orders } from './orders.ts';
import type { FoldedProjection } from './projection.ts';
import { startProjector } from './projector.ts';
import { stock } from './stock.ts';

const SEEDS = Number(process.env['MODEL_SEEDS'] ?? 2_000);
/** A mutant has to be found within as many seeds; the right code passes them all. */
const MUTANT_SEEDS = 4_000;
const CHAOS_STEPS = 150;
const SETTLE_STEPS_MAX = 6_000;
const PROJECTIONS = [orderCounts, stock, orders];

describe('the projector in a modelled world', () => {
  it(`is right at rest for ${SEEDS} seeds`, { timeout: 300_000 }, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const wrong = await faultsOf(seed, startProjector);
      expect(wrong, `seed ${seed}`).toEqual([]);
    }
  });

  const REWIND = / {2}async #rewind\([\s\S]*?\n {2}\}\n/;

  it('finds a rewind that seeks but keeps the memory', { timeout: 120_000 }, async () => {
    const seekOnly = `
      async #rewind(partition: TopicPartition): Promise<void> {
        const kept = this.#held.get(nameOf(partition));
        const { expected } = await this.#fromCheckpoints(partition);
        if (kept === undefined) return;
        kept.expected = expected;
        this.#subscription?.seek(partition, expected);
      }\n`;
    await expectCaught('projector.ts', [[REWIND, seekOnly]]);
  });

  it('finds a rewind that drops the memory but does not seek', { timeout: 120_000 }, async () => {
    const dropOnly = `
      async #rewind(partition: TopicPartition): Promise<void> {
        const before = this.#held.get(nameOf(partition));
        this.#drop(partition);
        const held = await this.#fromCheckpoints(partition);
        if (before !== undefined) held.expected = before.expected;
        this.#held.set(nameOf(partition), held);
      }\n`;
    await expectCaught('projector.ts', [[REWIND, dropOnly]]);
  });

  it('finds memory that is taken up although it was overtaken', { timeout: 120_000 }, async () => {
    await expectCaught('projector.ts', [[/if \(this\.#drops\.get\(nameOf\(held\)\) !== drops\) return false;/, '']]);
  });

  it('finds a batch that is folded wherever it starts', { timeout: 120_000 }, async () => {
    await expectCaught('projector.ts', [[/if \(batch\.from !== held\.expected\)/, 'if (batch.from < -1)']]);
  });

  it('finds a document that does not ignore what it already has', { timeout: 120_000 }, async () => {
    await expectCaught('fold.ts', [[/if \(recorded\.offset <= entry\.position\) \{/, 'if (recorded.offset < -1) {']]);
  });

  it('finds a document that is changed while it is being written', { timeout: 120_000 }, async () => {
    await expectCaught('fold.ts', [[/if \(entry\.inFlight\) \{/, 'if (entry.inFlight && entry.stored === -2) {']]);
  });
});

/** Runs one world to its rest and names what is wrong there. */
async function faultsOf(seed: number, start: StartProjector): Promise<string[]> {
  const world = new World(seed, start, PROJECTIONS);
  world.append(30);
  world.spawn();
  world.spawn();
  for (let step = 0; step < CHAOS_STEPS; step++) await world.step();
  const wrong: string[] = [];
  if (!(await world.settle(SETTLE_STEPS_MAX))) wrong.push('it never came to rest');
  if (world.failures.length > 0) wrong.push(`a process failed: ${String(world.failures[0])}`);
  return [...wrong, ...differences(world)];
}

function differences(world: World): string[] {
  const wrong: string[] = [];
  const same = (id: string, actual: unknown, expected: unknown): void => {
    if (JSON.stringify(sorted(actual)) !== JSON.stringify(sorted(expected))) {
      wrong.push(`${id}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
    }
  };
  for (const projection of PROJECTIONS) {
    const expected = new Map<string, unknown>();
    for (const { topic, partition, records, end } of world.partitions) {
      if (!projection.topics.includes(topic as TruthTopic)) continue;
      const checkpoint = world.store.checkpoints.get(`${projection.name} ${topic}/${partition}`);
      if (end > 0) same(`checkpoint ${projection.name} ${topic}/${partition}`, checkpoint?.position, end - 1);
      for (const record of records) {
        const judged = judge(topic, partition, record);
        if (!judged.ok) throw new Error(judged.cause);
        const { recorded } = judged;
        const { offset } = recorded;
        if (projection.kind === 'merged') {
          const part = projection.partOf(recorded);
          if (part === null) continue;
          const document = (expected.get(part.id) ?? { id: part.id, parts: {} }) as { parts: Record<string, unknown> };
          document.parts[part.part] = { position: offset, fields: part.fields };
          expected.set(part.id, document);
          continue;
        }
        for (const key of projection.keysOf(recorded)) {
          const id = `${topic}/${partition}/${key}`;
          const document = (expected.get(id) ?? {
            key,
            topic,
            partition,
            position: -1,
            body: projection.initial(key),
          }) as {
            position: number;
            body: object;
          };
          (projection as FoldedProjection).evolve(document.body, recorded, key);
          document.position = offset;
          expected.set(id, document);
        }
      }
    }
    const stored = projection.kind === 'merged' ? world.store.merged : world.store.folded;
    const actual = stored.get(projection.name) ?? new Map<string, unknown>();
    for (const id of new Set([...expected.keys(), ...actual.keys()])) same(id, actual.get(id), expected.get(id));
  }
  return wrong;
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

let mutants = 0;

/** Breaks a copy of the code and expects some world to end wrong with it. */
async function expectCaught(file: 'projector.ts' | 'fold.ts', edits: readonly [RegExp, string][]): Promise<void> {
  const suffix = `.mutant-${process.pid}-${++mutants}.ts`;
  const source = async (name: string): Promise<string> => readFile(new URL(name, import.meta.url), 'utf8');
  let broken = await source(file);
  for (const [pattern, replacement] of edits) {
    expect(broken, `${file} has ${String(pattern)}`).toMatch(pattern);
    broken = broken.replace(pattern, replacement);
  }
  let projector = file === 'projector.ts' ? broken : await source('projector.ts');
  const written: URL[] = [];
  const write = async (name: string, text: string): Promise<URL> => {
    const url = new URL(name, import.meta.url);
    await writeFile(url, text);
    written.push(url);
    return url;
  };
  try {
    if (file === 'fold.ts') {
      await write(`fold${suffix}`, broken);
      projector = projector.replace("'./fold.ts'", `'./fold${suffix}'`);
    }
    const url = await write(`projector${suffix}`, projector);
    const mutant = (await import(/* @vite-ignore */ url.pathname)) as { startProjector: StartProjector };
    for (let seed = 1; seed <= MUTANT_SEEDS; seed++) {
      if ((await faultsOf(seed, mutant.startProjector)).length > 0) return;
    }
    expect.unreachable(`the mutant survived ${MUTANT_SEEDS} seeds`);
  } finally {
    await Promise.all(written.map((url) => rm(url, { force: true })));
  }
}
