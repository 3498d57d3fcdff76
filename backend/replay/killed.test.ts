/**
 * kill -9 of a process that rebuilds, at seeded moments of each of its phases: while it folds, compares, changes over,
 * and drops the former generation. Whatever it was killed at, the live generation answers and is right, and the next
 * process goes on. REPLAY_KILLS sets how often (default 12), REPLAY_SEED the moments.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { collectionsOf, lineageOf, readGenerations, type Generations } from '../../projections/generations.ts';
import { PROJECTIONS } from '../../projections/index.ts';
import { openEmbedded } from '../adapters/lmdb/embedded.ts';
import { fillHistory } from '../cli/bench/replay/fill.ts';
import { boundsOf, dayOf } from '../domain/calendar.ts';
import { silentLogger } from '../ports/logger.ts';
import type { Checkpoint } from '../ports/read-models.ts';
import { readStats } from '../queries/stats.ts';
import { verify } from '../verify/verify.ts';
import { phaseOf, PHASES, type Phase } from '../../tests/rebuilding.ts';

const KILLS = Number(process.env['REPLAY_KILLS'] ?? 12);
const SEED = Number(process.env['REPLAY_SEED'] ?? Date.now() % 1_000_000);
const ORDERS = 2_000;
const HOUR_MS = 3_600_000;
const TIMEOUT_MS = 60_000 + KILLS * 15_000;
const REBUILDER = path.resolve(import.meta.dirname, '../../tests/rebuilder.ts');

let dir: string;
let child: ChildProcess | null = null;
beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-killed-'));
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await rm(dir, { recursive: true, force: true });
});

it(`survives ${KILLS} kills of whoever rebuilds, seed ${SEED}`, { timeout: TIMEOUT_MS }, async () => {
  const random = xoroshiro128plus(SEED);
  const zero = Date.now();
  await fill(zero);
  const lengths = await undisturbed(zero);
  const hits: Record<string, number> = {};
  let before: readonly Checkpoint[] = [];
  for (let kill = 1; kill <= KILLS; kill++) {
    // Each phase in turn, for they differ in length by far.
    const phase = PHASES[kill % PHASES.length] ?? 'folding';
    const message = `seed ${SEED}, kill ${kill} (${phase})`;
    const rebuilding = start(zero, kill);
    await rebuilding.printed(phase);
    await pause(uniformInt(random, 0, Math.ceil(lengths[phase])));
    await rebuilding.kill();
    const { generations, checkpoints } = await expectRight(zero, message);
    expect(behind(before, checkpoints), `${message}: the live generation stepped back`).toEqual([]);
    before = checkpoints;
    const hit = phaseOf(generations) ?? 'idle';
    hits[hit] = (hits[hit] ?? 0) + 1;
  }
  const last = start(zero, KILLS + 1);
  await last.printed('idle');
  expect(last.output()).toMatch(/over SWAPPED\n/);
  await last.kill();
  const { generations } = await expectRight(zero, `seed ${SEED}, in the end`);
  for (const projection of PROJECTIONS) expect(lineageOf(generations, projection).live.generation).toBeGreaterThan(1);
  process.stdout.write(`killed ${KILLS} times, seed ${SEED}: ${JSON.stringify(hits)}\n`);
});

/** How long each phase of a rebuild takes that nobody disturbs, in ms. */
async function undisturbed(zero: number): Promise<Record<Phase, number>> {
  const rebuilding = start(zero, 0);
  const began: number[] = [];
  for (const line of [...PHASES, 'idle']) began.push(await rebuilding.printed(line));
  await rebuilding.kill();
  const lengths = PHASES.map((phase, index) => [phase, (began[index + 1] ?? 0) - (began[index] ?? 0)]);
  return Object.fromEntries(lengths) as Record<Phase, number>;
}

async function fill(now: number): Promise<void> {
  const { log, close } = await openEmbedded({ dir, logger: silentLogger, mode: 'own' });
  await log.ensureTopics();
  await fillHistory(log, ORDERS, { from: now - 30 * HOUR_MS, to: now - 6 * HOUR_MS }, () => {});
  await close();
}

/** A process that rebuilds. `printed` resolves to when it has printed a line, on the machine's steady clock. */
function start(zero: number, round: number) {
  const args = ['--import', 'tsx', REBUILDER, dir, String(zero), String(round)];
  const own = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  child = own;
  let text = '';
  own.stdout.on('data', (data: Buffer) => (text += data.toString()));
  own.stderr.on('data', (data: Buffer) => (text += data.toString()));
  const closed = once(own, 'close');
  return {
    output: () => text,
    printed: async (line: string): Promise<number> => {
      while (!text.includes(`${line}\n`)) {
        if (own.exitCode !== null) throw new Error(`it ended before it printed "${line}":\n${text}`);
        await Promise.race([once(own.stdout, 'data'), closed]);
      }
      return performance.now();
    },
    kill: async (): Promise<void> => {
      own.kill('SIGKILL');
      const [code, signal] = (await closed) as [number | null, string | null];
      expect([code, signal], `it was to be killed, after:\n${text}`).toEqual([null, 'SIGKILL']);
    },
  };
}

/** The live generations answer, and every document of them is what the log says. */
async function expectRight(
  zero: number,
  message: string,
): Promise<{ generations: Generations; checkpoints: Checkpoint[] }> {
  const { log, models, close } = await openEmbedded({ dir, logger: silentLogger, mode: 'read' });
  try {
    const generations = await readGenerations(models);
    const collections = collectionsOf(generations, PROJECTIONS);
    const { projections, ok } = await verify({ log, models, collections });
    expect(ok ? [] : projections.filter(({ differenceCount }) => differenceCount > 0), message).toEqual([]);
    // The end of the day that has the middle of the history in it: at least half of its orders are of that day.
    const at = boundsOf(dayOf(zero - 18 * HOUR_MS, 'UTC'), 'UTC').to - 1;
    const { ordersToday, stock } = await readStats(models, { at, timeZone: 'UTC', currency: 'SEK', collections });
    expect(ordersToday, message).toBeGreaterThan(0);
    expect(stock.length, message).toBeGreaterThan(0);
    const checkpoints = await models.checkpoints(Object.values(collections));
    const named = checkpoints.map((each) => ({ ...each, collection: each.collection.replace(/-v\d+-g\d+$/, '') }));
    return { generations, checkpoints: named };
  } finally {
    await close();
  }
}

/** Those that are not as far as before. */
function behind(before: readonly Checkpoint[], now: readonly Checkpoint[]): Checkpoint[] {
  return before.filter(({ collection, topic, partition, position }) => {
    const same = now.find(
      (each) => each.collection === collection && each.topic === topic && each.partition === partition,
    );
    return (same?.position ?? -1) < position;
  });
}
