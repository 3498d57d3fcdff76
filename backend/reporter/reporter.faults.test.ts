/** The reporter killed at any step around midnight: the same reports as if nothing had happened. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { describe, expect, it } from 'vitest';
import type { Folder } from '../adapters/files/folder.ts';
import type { ReportIssued } from '../events/events.ts';
import { isShopError } from '../ports/errors.ts';
import { handled, line, placed } from '../queries/testing.ts';
import { MemoryFolder, Process } from './killing-test-kit.ts';
import { render } from './render.ts';
import type { DailyReport } from './report-schema.ts';
import { at, issuedIn, openWorld, optionsIn, type World } from './reporter-test-kit.ts';
import { startReporter, type Reporter } from './reporter.ts';

const SEEDS = 200;
const KILLS_MAX = 3;
const TEST_MAX_MS = 120_000;

/** What happens, and then a reporter is to bring everything up to date. */
const SCENES: readonly ((world: World) => Promise<void>)[] = [
  // Days are due before midnight comes.
  (world) =>
    world.happen([
      placed('a', at('2026-11-19')),
      placed('b', at('2026-11-21'), { lines: [line('p-1', 2, 100), line('p-2', 1, 50)] }),
      placed('c', at('2026-11-22', '22:59:59.999Z')),
      handled('b', at('2026-11-21', '12:00:00.000Z')),
    ]),
  async (world) => {
    world.clock.set('2026-11-22T23:00:05.000Z');
  },
  // Ten minutes late, and three days.
  async (world) => {
    world.clock.set('2026-11-22T23:10:00.000Z');
    await world.happen([
      placed('d', at('2026-11-22', '21:00:00.000Z'), { lines: [line('p-2', 3, 70)] }),
      handled('a', at('2026-11-19', '12:00:00.000Z')),
    ]);
  },
  async (world) => {
    world.clock.set('2026-11-24T09:00:00.000Z');
  },
];

interface Outcome {
  readonly events: readonly ReportIssued[];
  readonly files: ReadonlyMap<string, string>;
  /** Steps of each process. */
  readonly steps: readonly number[];
}

/** Plays the scenes. Whenever the process dies the next one is started: `lastSteps` says at which step each dies. */
async function play(lastSteps: readonly number[], where = 'undisturbed'): Promise<Outcome> {
  const world = await openWorld('2026-11-22T22:59:00.000Z');
  const folder = new MemoryFolder();
  const steps: number[] = [];
  let process = new Process(lastSteps[0]);
  let reporter = await startIn(world, folder, process);
  const end = async (): Promise<void> => {
    await reporter.stop().catch(expectKilled);
    steps.push(process.steps);
  };
  for (const scene of SCENES) {
    await scene(world);
    while (!(await reporter.look().then(() => true, expectKilled))) {
      await end();
      await expectWhole(world, folder, where);
      process = new Process(lastSteps[steps.length]);
      reporter = await startIn(world, folder, process);
    }
  }
  await end();
  return { events: await issuedIn(world.log), files: filesIn(folder), steps };
}

function startIn(world: World, folder: Folder, process: Process): Promise<Reporter> {
  const log = process.log(world.log);
  const models = process.models(world.models);
  return startReporter(optionsIn(world, { log, models, open: () => process.folder(folder) }));
}

function expectKilled(error: unknown): false {
  if (!isShopError(error, 'CLOSED')) throw error;
  return false;
}

/** What was left under temporary names is left out. */
function filesIn({ files }: MemoryFolder): Map<string, string> {
  const named = [...files].filter(([name]) => !name.endsWith('.tmp'));
  return new Map(named.map(([name, bytes]) => [name, bytes.toString()]));
}

/** Each file that is there is what a revision is rendered as that was issued; a restated one lies beside the new. */
async function expectWhole({ log }: World, folder: MemoryFolder, where: string): Promise<void> {
  const events = await issuedIn(log);
  const texts = events.flatMap((event) => Object.values<string>({ ...render(event, 2) }));
  const files = filesIn(folder);
  for (const [name, text] of files) expect(texts, `${where}: ${name}`).toContain(text);
  for (const { day, revision } of events) {
    const present = files.get(`${day}.json`);
    if (present === undefined || (JSON.parse(present) as DailyReport).revision <= revision) continue;
    expect([...files.keys()], where).toContain(`${day}.r${revision}.json`);
  }
}

describe('a reporter that is killed around midnight', () => {
  it(`leaves the same reports after ${SEEDS} kills as without`, { timeout: TEST_MAX_MS }, async () => {
    const undisturbed = await play([]);
    const [stepCount = 0] = undisturbed.steps;
    expect(undisturbed.events.map(({ day, revision, orders }) => `${day} r${revision}: ${orders}`)).toEqual([
      '2026-11-19 r1: 1',
      '2026-11-20 r1: 0',
      '2026-11-21 r1: 1',
      '2026-11-22 r1: 1',
      '2026-11-19 r2: 1',
      '2026-11-22 r2: 2',
      '2026-11-23 r1: 0',
    ]);
    let kills = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = xoroshiro128plus(seed);
      const count = uniformInt(random, 1, KILLS_MAX);
      const lastSteps = Array.from({ length: count }, () => uniformInt(random, 0, stepCount - 1));
      const where = `seed ${seed}: killed after ${lastSteps.join(', ')} steps of ${stepCount}`;
      const { events, files, steps } = await play(lastSteps, where);
      kills += steps.length - 1;
      expect(events, where).toEqual(undisturbed.events);
      expect(files, where).toEqual(undisturbed.files);
    }
    expect(kills).toBeGreaterThanOrEqual(SEEDS);
  });
});
