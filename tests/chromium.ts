/** A real Chromium for tests of the pages: where it is, or why its tests are skipped; and pages that are not stale. */
import { execFile } from 'node:child_process';
import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { tryLock, unlock } from 'fs-native-extensions';
import { chromium, type Browser } from 'playwright-core';
import { describe } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..');
const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const BUILD_LIMIT_MS = 120_000;
const BUILD_LOOK_EVERY_MS = 200;

/** The built dashboard, and the playground inside of it. */
export const BUILT = path.join(ROOT, 'frontend/dist');

const executable = findChromium();

/** A describe block that needs a browser; without one its tests are skipped, by name. */
export function describeWithChromium(name: string, define: () => void): void {
  if (executable !== null) {
    describe(name, define);
    return;
  }
  const missing = 'no Chromium: install it (apt-get install chromium), or set CHROMIUM_PATH to its executable';
  if (process.env['CI'] === 'true' || process.env['REQUIRE_ENGINES'] === '1')
    throw new Error(`${missing} (with CI=true or REQUIRE_ENGINES=1 the tests in a browser are not skipped)`);
  describe.skip(`${name} [skipped: ${missing}]`, define);
}

/** The browser's program; empty where there is none. */
export function chromiumPath(): string {
  return executable ?? '';
}

/** Starts it, once the pages are built from what their sources are now. */
export async function launchChromium(): Promise<Browser> {
  await buildPages();
  return chromium.launch({
    executablePath: chromiumPath(),
    // In a container tests run as root, and /dev/shm is small there.
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
}

function findChromium(): string | null {
  const given = process.env['CHROMIUM_PATH'];
  if (given) return given;
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const candidates = NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name)));
  return candidates.find(isExecutable) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Test files run at the same time: the first one builds, and the others wait for it. */
async function buildPages(): Promise<void> {
  mkdirSync(path.join(ROOT, '.cache'), { recursive: true });
  const lock = openSync(path.join(ROOT, '.cache/pages.lock'), 'a+');
  try {
    while (!tryLock(lock)) await pause(BUILD_LOOK_EVERY_MS);
    // What the test runner says of itself would make it a build for development.
    const env = { ...process.env, NODE_ENV: 'production' };
    if (await isStale())
      await promisify(execFile)('npm', ['run', 'build'], { cwd: ROOT, env, timeout: BUILD_LIMIT_MS });
    unlock(lock);
  } finally {
    closeSync(lock);
  }
}

async function isStale(): Promise<boolean> {
  const results = [path.join(BUILT, 'index.html'), path.join(BUILT, 'playground/index.html')];
  if (!results.every((file) => existsSync(file))) return true;
  const builtAt = Math.min(...results.map((file) => statSync(file).mtimeMs));
  const folders = ['frontend/src', 'frontend/playground'];
  const entries = await Promise.all(
    folders.map(async (folder) => {
      const within = await readdir(path.join(ROOT, folder), { recursive: true });
      return within.map((name) => path.join(folder, name));
    }),
  );
  const single = ['frontend/index.html', 'vite.config.ts', 'vite.playground.config.ts', 'svelte.config.js'];
  // A folder is newer than the build, too, once a file was taken out of it.
  return [...entries.flat(), ...folders, ...single].some((name) => statSync(path.join(ROOT, name)).mtimeMs > builtAt);
}
