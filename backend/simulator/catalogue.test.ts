import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isShopError } from '../ports/errors.ts';
import { loadCatalogue } from './catalogue.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catalogue-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function messageOf(content: string | Buffer | null): Promise<string> {
  const path = join(folder, 'goods.json');
  if (content === null) await rm(path, { force: true });
  else await writeFile(path, content);
  const error: unknown = await loadCatalogue(path).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!isShopError(error, 'BAD_INPUT')) throw new Error('not refused');
  expect(error.message).not.toContain('\n');
  return error.message.replace(path, 'FILE');
}

const good = {
  productId: 'P-1',
  name: 'n',
  category: 'c',
  price: 100,
  popularity: 1,
  initialStock: 1,
  restockLevel: 0,
  restockQuantity: 1,
};

describe('the catalogue', () => {
  it('is built in, with at least 36 products of five to seven categories', async () => {
    const catalogue = await loadCatalogue();
    expect(catalogue.length).toBeGreaterThanOrEqual(36);
    const categories = new Set(catalogue.map(({ category }) => category)).size;
    expect(categories).toBeGreaterThanOrEqual(5);
    expect(categories).toBeLessThanOrEqual(7);
  });

  it.each(['utf8', 'utf16le'] as const)('is read with the mark that editors begin it with (%s)', async (encoding) => {
    const path = join(folder, `${encoding}.json`);
    await writeFile(path, Buffer.from(`\uFEFF${JSON.stringify([good])}`, encoding));
    expect(await loadCatalogue(path)).toEqual([good]);
  });

  it('says in one line what is wrong with a file', async () => {
    expect(await messageOf(null)).toBe('the catalogue FILE cannot be read (ENOENT)');
    expect(await messageOf(Buffer.from('["å"]', 'latin1'))).toBe(
      'the catalogue FILE is not text in UTF-8: save it as UTF-8',
    );
    expect(await messageOf('{')).toMatch(/^the catalogue FILE is not JSON/);
    expect(await messageOf('[]')).toMatch(/^the catalogue FILE is not a catalogue: the whole /);
    expect(await messageOf(JSON.stringify([{ ...good, price: -1 }]))).toMatch(/\/0\/price/);
    expect(await messageOf(JSON.stringify([{ ...good, prise: 1 }]))).toMatch(/not a catalogue/);
    expect(await messageOf(JSON.stringify([good, good]))).toBe('the catalogue FILE has the product P-1 twice');
  });
});
