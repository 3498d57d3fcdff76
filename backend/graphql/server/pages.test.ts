import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSchema, parse, specifiedRules, validate } from 'graphql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serve } from './api-test-kit.ts';
import { limitRules } from './documents.ts';
import { LIMITS } from './limits.ts';

const PROJECT = join(import.meta.dirname, '../../..');
const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const POLICY = /default-src 'self'/;

let dir: string;
const closing: (() => Promise<void>)[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pages-'));
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await rm(dir, { recursive: true });
});

/** Writes files below the folder. */
async function given(files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(dir, path, '..'), { recursive: true });
    await writeFile(join(dir, path), text);
  }
}

interface Got {
  readonly status: number;
  readonly text: string;
  readonly header: (name: string) => string | null;
}

async function served(): Promise<(path: string, headers?: Record<string, string>) => Promise<Got>> {
  const { api } = await serve({
    staticDir: join(dir, 'dist'),
    playgroundDir: join(dir, 'dist/playground'),
    filesDirs: { '/reports/': join(dir, 'reports') },
  });
  closing.push(() => api.close());
  return async (path, headers = {}) => {
    const response = await fetch(`${api.url}${path}`, { headers });
    return { status: response.status, text: await response.text(), header: (name) => response.headers.get(name) };
  };
}

const BUILT = {
  'dist/index.html': '<p>dashboard</p>',
  'dist/assets/main-a1b2.js': `// ${'dashboard '.repeat(300)}`,
  'dist/playground/index.html': '<p>playground</p>',
  'dist/playground/assets/editor-c3d4.js': '// editor',
};

describe('pages', () => {
  it('are the dashboard, at all of its own addresses', async () => {
    await given(BUILT);
    const get = await served();
    for (const path of ['/', '/orders', '/orders/O-1', '/reports', '/reports/2026-11-22']) {
      const page = await get(path, HTML);
      expect([path, page.status, page.text]).toEqual([path, 200, '<p>dashboard</p>']);
      expect(page.header('content-security-policy')).toMatch(POLICY);
      expect(page.header('cache-control')).toBe('no-cache');
    }
    for (const id of [
      '50%25%20off',
      'A%252FB',
      'a%2Fb',
      'a%3Fb%23c',
      '%20',
      '%F0%9F%8D%B5',
      '..%2F..%2Fx',
      '.env',
      'a%5Cb',
    ])
      expect([id, (await get(`/orders/${id}`, HTML)).text]).toEqual([id, '<p>dashboard</p>']);
    // A "%" that encodes nothing, as somebody types it.
    for (const id of ['50%', '%E0%A4%A', '%FF', 'a%00b', '%zz?x=%zz'])
      expect([id, (await get(`/orders/${id}`, HTML)).text]).toEqual([id, '<p>dashboard</p>']);
    expect((await get('/orders')).status).toBe(404);
    expect((await get('/assets/gone.js')).status).toBe(404);
  });

  it('come with files that are kept for ever, and compressed', async () => {
    await given(BUILT);
    const get = await served();
    const script = await get('/assets/main-a1b2.js', { 'accept-encoding': 'gzip' });
    expect([script.status, script.text]).toEqual([200, BUILT['dist/assets/main-a1b2.js']]);
    expect(script.header('content-encoding')).toBe('gzip');
    expect(script.header('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(script.header('content-type')).toMatch(/javascript/);
    expect(script.header('x-content-type-options')).toBe('nosniff');
  });

  it('have the playground where the API is', async () => {
    await given(BUILT);
    const get = await served();
    for (const path of ['/graphql', '/playground/']) {
      const page = await get(path, HTML);
      expect([page.status, page.text]).toEqual([200, '<p>playground</p>']);
      expect(page.header('content-security-policy')).toMatch(POLICY);
    }
    expect((await get('/playground/assets/editor-c3d4.js')).text).toBe('// editor');
  });

  it('say how to build what is not built', async () => {
    const get = await served();
    for (const path of ['/', '/orders', '/graphql']) {
      const page = await get(path, HTML);
      expect([page.status, page.text]).toEqual([200, expect.stringContaining('npm run build')]);
    }
    // Reports may be written later.
    expect((await get('/reports/2026-11-22.json')).status).toBe(404);
    await given({ 'reports/2026-11-22.json': '{}' });
    expect((await get('/reports/2026-11-22.json')).text).toBe('{}');
  });

  it('show files of a folder, and nothing beside it', async () => {
    await given({ 'reports/2026-11-22.md': '# Sold', 'reports/.secret': 'no', 'outside.txt': 'no', ...BUILT });
    await given({ 'reports/page.html': '<script>no</script>' });
    const get = await served();
    const report = await get('/reports/2026-11-22.md');
    expect([report.status, report.text]).toEqual([200, '# Sold']);
    expect((await get('/reports/page.html')).header('content-security-policy')).toBe("default-src 'none'; sandbox");
    const url = (await serveUrl()).href;
    for (const path of ['/reports/.secret', '/reports/../outside.txt', '/reports/%2e%2e/outside.txt', '/reports/']) {
      expect([path, await raw(url, path)]).toEqual([path, expect.not.stringContaining('no')]);
    }
  });
});

async function serveUrl(): Promise<URL> {
  const { api } = await serve({ filesDirs: { '/reports/': join(dir, 'reports') } });
  closing.push(() => api.close());
  return new URL(api.url);
}

/** Asks for the path as it stands: fetch would tidy it up. */
function raw(url: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const asked = request({ hostname, port, path }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve(response.statusCode === 200 ? text : `${response.statusCode}`));
    });
    asked.on('error', reject).end();
  });
}

describe('the examples of the playground', () => {
  it('are operations of this API, within its limits', async () => {
    const schema = buildSchema(await readFile(join(PROJECT, 'schema.graphql'), 'utf8'));
    const folder = join(PROJECT, 'frontend/playground/examples');
    const files = (await readdir(folder)).filter((file) => file.endsWith('.graphql'));
    expect(files.length).toBeGreaterThanOrEqual(10);
    for (const file of files) {
      const document = parse(await readFile(join(folder, file), 'utf8'), { maxLexicalTokens: LIMITS.tokensMax });
      const errors = validate(schema, document, [...specifiedRules, ...limitRules(LIMITS)]);
      expect([file, errors.map(({ message }) => message)]).toEqual([file, []]);
    }
  });
});
