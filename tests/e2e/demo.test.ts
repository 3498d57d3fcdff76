/** The demo, unattended and at a high pace: every scene sees what it is about, and the end state verifies. */
import { expect, it, describe, afterEach } from 'vitest';
import { killAll, run, succeed } from '../cli.ts';

const TIMEOUT_MS = 240_000;
const SCENES = ['morning', 'burst', 'sold-out', 'crash', 'person', 'replay', 'midnight'];

describe('demo', () => {
  afterEach(killAll);

  it('plays all of its scenes', { timeout: TIMEOUT_MS }, async () => {
    const told = await succeed(['demo', '--pace', '100', '--no-history'], {});
    expect(told).toContain('One more is refused');
    expect(told).toContain('equal; live now');
    expect(told).toContain('the new day has begun at zero');
    // Of the replay, and of the end.
    expect(told.match(/✓ every document equals the independent fold/g)).toHaveLength(2);
    expect(told).toContain('7 scenes in');
  });

  it('lists its scenes, and knows no others', { timeout: TIMEOUT_MS }, async () => {
    const list = await succeed(['demo', '--list'], {});
    expect(
      list
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    ).toEqual(SCENES);
    const { code, stderr } = await run(['demo', 'evening'], {});
    expect(code).toBe(2);
    expect(stderr.trim()).toBe(`error: there is no scene "evening"; there are ${SCENES.join(', ')}`);
    const step = await run(['demo', '--step'], {});
    expect(step.code).toBe(2);
    expect(step.stderr).toContain('--step waits for Enter');
  });
});
