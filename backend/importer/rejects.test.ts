/** Where the lines go that are not imported. */
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryShop } from '../simulator/memory-shop-test-kit.ts';
import { failure, HEADER, importOrders, NASTY, options, orderOf, place, sent, useFolder } from './import-test-kit.ts';

useFolder();

const first = [HEADER, '1,A,APPLE,2,12/1/10 8:26,1.00,7,SE', '2,B,BEAR,1,12/1/10 9:00,2.00,7,SE'].join('\n');

describe('the rejects', () => {
  it('of a former import stay where nothing is rejected', async () => {
    await copyFile(NASTY, place.file);
    await importOrders(options(new MemoryShop()));
    const before = await readFile(`${place.file}.rejects.csv`, 'utf8');
    await writeFile(place.file, first);
    expect(await importOrders(options(new MemoryShop()))).toMatchObject({ rejectsFile: null, rejected: {} });
    expect(await readFile(`${place.file}.rejects.csv`, 'utf8')).toBe(before);
    expect(await readdir(place.folder)).toHaveLength(2);
  });

  it('never take the place of a file: they get a number, or the file itself when it is the same', async () => {
    await copyFile(NASTY, place.file);
    await importOrders(options(new MemoryShop()));
    const same = await importOrders(options(new MemoryShop()));
    expect(same.rejectsFile).toBe(`${place.file}.rejects.csv`);
    await writeFile(`${place.file}.rejects.csv`, 'mended by hand');
    const other = await importOrders(options(new MemoryShop()));
    expect(other.rejectsFile).toBe(`${place.file}.2.rejects.csv`);
    expect(await readFile(`${place.file}.rejects.csv`, 'utf8')).toBe('mended by hand');
    expect(await readdir(place.folder)).toHaveLength(3);
  });

  it('are refused under the name of another file, before anything is imported', async () => {
    await copyFile(NASTY, place.file);
    const rejectsFile = path.join(place.folder, 'february.csv');
    await writeFile(rejectsFile, first);
    const shop = new MemoryShop();
    expect(await failure(importOrders(options(shop, { rejectsFile })))).toMatch(/february\.csv is there already/);
    expect(sent(shop)).toBe(0);
    await writeFile(place.file, first);
    expect(await importOrders(options(shop, { rejectsFile }))).toMatchObject({ ordersPlaced: 2, rejectsFile: null });
    expect(await readFile(rejectsFile, 'utf8')).toBe(first);
    expect(await readdir(place.folder)).toHaveLength(2);
  });

  it('once mended, are imported', async () => {
    const rows = ['1,A,APPLE,2,12/1/10 8:26,1.00,7,SE', '1,B,BEAR,x,12/1/10 8:26,2.00,7,SE'];
    await writeFile(place.file, [HEADER, ...rows, '2,A,APPLE,1,12/1/10 8:26,1.00,7,SE'].join('\n'));
    const shop = new MemoryShop();
    const result = await importOrders(options(shop));
    expect(result).toMatchObject({ ordersPlaced: 1, linesAccepted: 1 });
    expect(result.rejected).toEqual({ 'another line of the invoice cannot be read': 1, 'unreadable quantity': 1 });
    const rejects = await readFile(`${place.file}.rejects.csv`, 'utf8');
    const mended = path.join(place.folder, 'mended.csv');
    await writeFile(mended, rejects.replace('BEAR,x', 'BEAR,3'));
    expect(await importOrders(options(shop, { file: mended }))).toMatchObject({ ordersPlaced: 1, rejected: {} });
    expect(orderOf(shop, 'INV-1')?.lines).toHaveLength(2);
  });
});
