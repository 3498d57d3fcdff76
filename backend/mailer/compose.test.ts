import { dirname } from 'node:path';
import fc from 'fast-check';
import { simpleParser, type AddressObject } from 'mailparser';
import { describe, expect, it } from 'vitest';
import type { OrderHandled } from '../events/events.ts';
import { handled, line } from '../queries/testing.ts';
import { compose, mailPath, nameFor } from './compose.ts';

const options = { timeZone: 'Europe/Stockholm', minorDigits: 2 };
const AT = Date.parse('2026-11-22T23:30:00.000Z');
const order = handled('7b0c1f6e-1', AT, {
  customer: { id: 'c-7', name: 'Åsa "Ö" Żółć 李', email: 'asa@example.com', country: 'SE' },
  lines: [line('p-1', 1_200, 1_999), { ...line('p-2', 1, 50_000), name: 'Kaffe & <te> ☕' }],
});

const addressOf = (found: AddressObject | AddressObject[] | undefined) =>
  [found ?? []].flat().flatMap((each) => each.value);

describe('the message to the customer', () => {
  it('has the same bytes and path each time', async () => {
    const first = await compose(order, options);
    const again = await compose(structuredClone(order), options);
    expect(again.bytes.equals(first.bytes)).toBe(true);
    expect(again.path).toBe(first.path);
    const other = await compose({ ...order, at: '2026-11-22T23:30:00.001Z' }, options);
    expect(other.bytes.equals(first.bytes)).toBe(false);
  });

  it('lies under the local date of handling', async () => {
    expect((await compose(order, options)).path).toBe('2026-11-23/9e/7b0c1f6e-1.eml');
    expect((await compose(order, { ...options, timeZone: 'UTC' })).path).toBe('2026-11-22/9e/7b0c1f6e-1.eml');
  });

  it('shares a folder with few of the same day, even where there are many', () => {
    const counts = new Map<string, number>();
    for (let number = 0; number < 20_000; number++) {
      const folder = dirname(mailPath(handled(`2026-11-22-42-${number}`, AT), options));
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
    expect(counts.size).toBe(256);
    expect(Math.max(...counts.values())).toBeLessThan(150);
  });

  it('is read back by a mail reader', async () => {
    const mail = await simpleParser((await compose(order, options)).bytes);
    expect(addressOf(mail.to)).toEqual([{ name: 'Åsa "Ö" Żółć 李', address: 'asa@example.com' }]);
    expect(addressOf(mail.from)).toEqual([{ name: 'Shopstream', address: 'orders@shopstream.example' }]);
    expect(mail.subject).toBe('Your order 7b0c1f6e-1 has been handled');
    expect(mail.messageId).toBe('<7b0c1f6e-1@shopstream.example>');
    expect(mail.date?.getTime()).toBe(AT);
    const text = (mail.text ?? '').replaceAll('\u00a0', ' ');
    expect(text).toMatch(/^ {2}1,200 {3}The p-1 +SEK 23,988\.00$/m);
    expect(text).toMatch(/^ {6}1 {3}Kaffe & <te> ☕ +SEK 500\.00$/m);
    expect(text).toMatch(/^ +Total +SEK 24,488\.00$/m);
    expect(text).toContain('2026-11-23 00:30:00 (Europe/Stockholm)');
    expect(mail.html).toContain('Kaffe &amp; &lt;te&gt; ☕');
  });

  it("has the log's decimals, whatever those of the currency are elsewhere", async () => {
    const inForints = { ...order, currency: 'HUF' };
    const [two, none] = await Promise.all([
      compose(inForints, options),
      compose(inForints, { ...options, minorDigits: 0 }),
    ]);
    expect(two.text).toContain('HUF\u00a024,488.00');
    expect(none.text).toContain('HUF\u00a02,448,800');
  });

  it('keeps to the format whatever stands in the event', { timeout: 60_000 }, async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.constantFrom('a\r\nBcc: x@example.com', '\r\n.\r\n', '--_NmP', '"<>,;:\\"', '=?UTF-8?Q?x?=', ''),
    );
    const some = text.map((value) => (value === '' ? 'x' : value));
    const property = fc.asyncProperty(some, some, some, text, async (orderId, name, email, productName) => {
      const event = {
        ...order,
        orderId: orderId as OrderHandled['orderId'],
        customer: { ...order.customer, name, email },
        lines: [{ ...line('p', 1, 1), name: productName }],
        total: 1,
      };
      const { bytes, path } = await compose(event, options);
      expect((await compose(event, options)).bytes.equals(bytes)).toBe(true);
      expect(path).toMatch(/^2026-11-23\/[0-9a-f]{2}\/[A-Za-z0-9_~.-]+\.eml$/);
      expect(bytes.toString('latin1')).not.toMatch(/(^|[^\r])\n|\r(?!\n)/);
      const [head = ''] = bytes.toString('latin1').split('\r\n\r\n');
      const names = head.split(/\r\n(?![ \t])/).map((field) => field.split(':')[0]);
      expect(names.filter((each) => each !== 'To')).toEqual([
        'Auto-Submitted',
        'From',
        'Subject',
        'Message-ID',
        'Date',
        'MIME-Version',
        'Content-Type',
      ]);
      const mail = await simpleParser(bytes);
      expect(mail.text).toContain('Thank you for shopping with us.');
      expect(mail.attachments).toEqual([]);
    });
    await fc.assert(property, { numRuns: 300 });
  });
});

describe('the file name of an id', () => {
  it('is the id itself when that is plain', () => {
    expect(nameFor('0192f3c4-77aa-7c1e-8f00-1a2b3c4d5e6f')).toBe('0192f3c4-77aa-7c1e-8f00-1a2b3c4d5e6f');
  });

  it('is never shared, also where upper and lower case are the same', () => {
    const id = fc.oneof(
      fc.string({ minLength: 1, maxLength: 100 }),
      fc.stringMatching(/^[aAbB./\\~_-]{1,4}$/),
      fc.stringMatching(/^[ab]~[0-9a-f]{16}$/),
    );
    fc.assert(
      fc.property(id, id, (a, b) => {
        fc.pre(a !== b);
        expect(nameFor(a).toLowerCase()).not.toBe(nameFor(b).toLowerCase());
        expect(nameFor(a)).toMatch(/^[A-Za-z0-9_~.-]{1,120}$/);
        expect(nameFor(a)).not.toMatch(/^\.|\.\./);
      }),
      { numRuns: 5_000 },
    );
  });
});
