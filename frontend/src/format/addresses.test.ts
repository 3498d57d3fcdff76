import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodable, orderAddress, ordersAddress } from './addresses.ts';

const IDS = [
  'INV-50% off',
  'INV-A%2FB',
  'a/b',
  'a?b#c',
  'ä ö',
  '..',
  '.',
  '%E0%A4%A',
  '%2E%2E',
  ' ',
  '+',
  '🍵',
  'a\\b',
];
const anyId = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });

/** What the page gets to know of an address, once a browser has had it. */
function idAt(address: string): string | null {
  const { pathname, searchParams } = new URL(address, 'http://shop.example');
  return pathname === '/order' ? searchParams.get('id') : decodeURIComponent(pathname.slice('/orders/'.length));
}

describe('the address of an order', () => {
  it.each(IDS)('leads to the order %j', (id) => expect(idAt(orderAddress(id))).toBe(id));

  it('leads to any order', () => fc.assert(fc.property(anyId, (id) => idAt(orderAddress(id)) === id)));
});

describe('the address of orders like that', () => {
  it('has what is looked for as it is', () => {
    expect(ordersAddress()).toBe('/orders');
    expect(ordersAddress({ customer: '', status: '' })).toBe('/orders');
    const { searchParams } = new URL(ordersAddress({ customer: '50%+a@b.se', from: '' }), 'http://shop.example');
    expect([...searchParams]).toEqual([['customer', '50%+a@b.se']]);
  });
});

describe('a path that somebody typed', () => {
  it.each([
    ['/orders/INV-50%25%20off', '/orders/INV-50%25%20off'],
    ['/orders/INV-50%%20off', '/orders/INV-50%25%20off'],
    ['/orders/%E0%A4%A', '/orders/%25E0%25A4%25A'],
    ['/orders/%FF/%20', '/orders/%25FF/%20'],
    ['/orders/100%', '/orders/100%25'],
  ])('%s can be decoded', (typed, mended) => expect(decodable(typed)).toBe(mended));

  it('can be decoded whatever it is, and stays as it is where it can be already', () => {
    fc.assert(fc.property(fc.string(), (typed) => void decodeURIComponent(decodable(typed))));
    fc.assert(
      fc.property(fc.array(anyId), (parts) => {
        const path = parts.map(encodeURIComponent).join('/');
        expect(decodable(path)).toBe(path);
      }),
    );
  });
});
