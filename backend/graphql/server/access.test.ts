import { describe, expect, it } from 'vitest';
import { isHostAllowed, isLoopback, isOriginAllowed, operatorCheck } from './access.ts';

describe('access', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.8.0.1', true],
    ['localhost', true],
    ['::1', true],
    ['0.0.0.0', false],
    ['::', false],
    ['192.168.1.7', false],
    ['127.0.0.1.example.org', false],
  ])('knows whether only this machine reaches %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });

  it.each([
    ['localhost:4000', '127.0.0.1', true],
    ['127.0.0.1', '127.0.0.1', true],
    ['[::1]:4000', '127.0.0.1', true],
    ['LOCALHOST:80', 'localhost', true],
    ['127.0.0.2:4000', '127.0.0.2', true],
    ['rebound.example:4000', '127.0.0.1', false],
    ['localhost.example', '127.0.0.1', false],
    ['localhost@evil.example', '127.0.0.1', false],
    ['', '127.0.0.1', false],
    [undefined, '127.0.0.1', false],
    ['shop.example', '0.0.0.0', true],
  ])('judges Host %s of a server at %s', (header, host, expected) => {
    expect(isHostAllowed(header, host)).toBe(expected);
  });

  it.each([
    [undefined, 'localhost:4000', [], true],
    ['http://localhost:4000', 'localhost:4000', [], true],
    ['https://shop.example', 'shop.example', [], true],
    ['https://shop.example', 'SHOP.example', [], true],
    ['http://localhost:5173', 'localhost:4000', [], false],
    ['http://localhost:5173', 'localhost:4000', ['http://localhost:5173/'], true],
    ['http://evil.example', 'localhost:4000', ['http://localhost:5173'], false],
    ['http://localhost:4000.evil.example', 'localhost:4000', [], false],
    ['null', 'localhost:4000', ['null'], false],
    ['null', undefined, [], false],
  ])('judges origin %s at host %s with %j allowed', (origin, host, allowed, expected) => {
    expect(isOriginAllowed(origin, host, allowed)).toBe(expected);
  });

  it('knows the operator by the token, and everybody without one', () => {
    const isOperator = operatorCheck('ö secret');
    expect(['Bearer ö secret', 'bearer ö secret'].map(isOperator)).toEqual([true, true]);
    const wrong = [
      'Bearer ö secreT',
      'Bearer ',
      'ö secret',
      'Basic ö secret',
      '',
      undefined,
      null,
      7,
      ['Bearer ö secret'],
    ];
    expect(wrong.map(isOperator)).toEqual(wrong.map(() => false));
    expect(operatorCheck(null)(undefined)).toBe(true);
  });
});
