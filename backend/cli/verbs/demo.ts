/** `demo`: plays the situation of the presentation, and sees that everything in it happens. */
import colors from 'picocolors';
import { systemClock } from '../../ports/clock.ts';
import { ShopError } from '../../ports/errors.ts';
import { SCENES, verifyAll, type Scene } from '../demo/scenes.ts';
import { NotSeen, Show } from '../demo/show.ts';
import { setStage } from '../demo/stage.ts';
import { stopSignal } from '../run-until.ts';
import { readSettings } from '../settings.ts';
import { createLogger, EXIT_FAILED, EXIT_INTERRUPTED } from '../terminal.ts';

interface Options {
  readonly engines: boolean;
  readonly pace: number;
  readonly step: boolean;
  readonly history: boolean;
  readonly stay: boolean;
  readonly list: boolean;
}

export async function run(names: string[], options: Options): Promise<void> {
  if (options.list) {
    for (const { name, title } of SCENES) process.stdout.write(`${name.padEnd(10)} ${title}\n`);
    return;
  }
  const scenes = scenesNamed(names);
  if (options.step && !process.stdin.isTTY) {
    throw new ShopError('BAD_INPUT', '--step waits for Enter, and there is no terminal here; leave it out');
  }
  const settings = readSettings(process.env);
  const logger = createLogger('warn', 'demo');
  const signal = stopSignal();
  const onProgress = (what: string): void => void process.stdout.write(colors.dim(`${what} …\n`));
  const stage = await setStage({ settings, logger, engines: options.engines, history: options.history, onProgress });
  try {
    process.stdout.write(`\n${colors.bold('The shop is open.')}  dashboard ${stage.apiUrl}  logs ${stage.logsDir}\n`);
    const show = new Show({ stage, pace: options.pace, step: options.step, signal });
    await play(scenes, show);
    if (options.stay) {
      process.stdout.write(`\nThe shop goes on at ${stage.apiUrl}; Ctrl-C stops it.\n`);
      await systemClock.until(Infinity, signal);
    }
  } catch (error) {
    if (signal.aborted) process.exitCode = EXIT_INTERRUPTED;
    else if (error instanceof NotSeen) {
      process.stderr.write(`${colors.red('not seen:')} ${error.message}\n`);
      process.exitCode = EXIT_FAILED;
    } else throw error;
  } finally {
    await stage.close();
  }
}

async function play(scenes: readonly Scene[], show: Show): Promise<void> {
  const startedAt = systemClock.now();
  for (const [index, scene] of scenes.entries()) {
    await show.begin(index + 1, scenes.length, scene.title);
    await scene.play(show);
  }
  process.stdout.write(`\n${colors.bold('The end state')}\n`);
  await verifyAll(show);
  const seconds = Math.round((systemClock.now() - startedAt) / 1_000);
  process.stdout.write(
    `\n${scenes.length} scenes in ${Math.floor(seconds / 60)} min ${seconds % 60} s; all was seen.\n`,
  );
}

function scenesNamed(names: readonly string[]): readonly Scene[] {
  if (names.length === 0) return SCENES;
  return names.map((name) => {
    const found = SCENES.find((each) => each.name === name);
    if (found !== undefined) return found;
    const known = SCENES.map((each) => each.name).join(', ');
    throw new ShopError('BAD_INPUT', `there is no scene "${name}"; there are ${known}`);
  });
}
