import { describe, expect, it } from 'vitest';
import { putAside, recipientsOf, type PutAside } from './put-aside.ts';
import { answerIn } from './smtp.ts';

const START = Date.UTC(2026, 10, 22, 12);
const MAILING = { orderId: 'o-1', recipient: 0, to: 'a@example.com', partition: 2, offset: 7 };
const LATER = { reason: '451 try\r\n  later', permanent: false };
const MINUTE = 60_000;
const DAY = 86_400_000;

describe('what was refused', () => {
  it('is retried after a minute, then after ever longer, and given up when a day is over', () => {
    const pauses: number[] = [];
    let mail: PutAside = putAside(MAILING, LATER, START, null);
    for (let now = START; mail.state === 'waiting' && pauses.length < 100; mail = putAside(mail, LATER, now, mail)) {
      pauses.push((Date.parse(mail.at) - now) / MINUTE);
      now = Date.parse(mail.at);
    }
    expect(pauses.slice(0, 9)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    expect(pauses.reduce((sum, each) => sum + each)).toBe(DAY / MINUTE);
    expect(mail).toEqual({
      ...MAILING,
      state: 'given-up',
      tries: pauses.length + 1,
      reason: '451 try later',
      firstTriedAt: new Date(START).toISOString(),
      lastTriedAt: new Date(START + DAY).toISOString(),
      at: new Date(START + DAY).toISOString(),
    });
  });

  it('is given up at once where asking again is of no use', () => {
    const mail = putAside(MAILING, { reason: '550 no such user', permanent: true }, START, null);
    expect(mail).toMatchObject({ state: 'given-up', tries: 1, at: new Date(START).toISOString() });
  });

  it('bears a reason of bounded length', () => {
    expect(putAside(MAILING, { reason: 'x'.repeat(10_000), permanent: false }, START, null).reason).toHaveLength(500);
  });
});

/** As nodemailer makes its errors; the real ones are in delivery.test.ts. */
describe('whom an error is about', () => {
  const rows: [string, { code?: string; command?: string; responseCode?: number }, 'later' | 'never' | 'server'][] = [
    ['greylisting', { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 451 }, 'later'],
    ['a full mailbox', { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 452 }, 'later'],
    ['no such user', { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 550 }, 'never'],
    ['a session out of step', { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 503 }, 'later'],
    ['a login wanted', { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 530 }, 'server'],
    ['a server that closes', { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 421 }, 'server'],
    ['DATA not now', { code: 'EENVELOPE', command: 'DATA', responseCode: 451 }, 'later'],
    ['a text not now', { code: 'EMESSAGE', command: 'DATA', responseCode: 451 }, 'later'],
    ['a text that is refused', { code: 'EMESSAGE', command: 'DATA', responseCode: 554 }, 'never'],
    ['a text that is too large', { code: 'EMESSAGE', command: 'MAIL FROM' }, 'never'],
    ['a server that closes after the text', { code: 'EMESSAGE', command: 'DATA', responseCode: 421 }, 'server'],
    ['an address that is none', { code: 'EENVELOPE', command: 'API' }, 'never'],
    ['the sender not now', { code: 'EENVELOPE', command: 'MAIL FROM', responseCode: 451 }, 'server'],
    ['the sender never', { code: 'EENVELOPE', command: 'MAIL FROM', responseCode: 550 }, 'server'],
    ['no connection', { code: 'ESOCKET', command: 'CONN' }, 'server'],
    ['a connection that broke', { code: 'ECONNECTION', command: 'CONN' }, 'server'],
    ['a connection that broke with words', { code: 'ECONNECTION', command: 'CONN', responseCode: 554 }, 'server'],
    ['no name', { code: 'EDNS', command: 'CONN' }, 'server'],
    ['no answer', { code: 'ETIMEDOUT', command: 'CONN' }, 'server'],
    ['a wrong password', { code: 'EAUTH', command: 'AUTH PLAIN', responseCode: 535 }, 'server'],
    ['no TLS', { code: 'ETLS', command: 'STARTTLS' }, 'server'],
    ['a greeting that is none', { code: 'EPROTOCOL', command: 'CONN', responseCode: 554 }, 'server'],
    ['anything else', {}, 'server'],
  ];

  it.each(rows)('%s', (_, fields, about) => {
    const answer = answerIn({ message: 'It failed: 451 later', response: '451 later', ...fields });
    if (about === 'server') expect(answer).toEqual({ kind: 'trouble', reason: 'It failed: 451 later' });
    else expect(answer).toEqual({ kind: 'refused', permanent: about === 'never', reason: '451 later' });
  });
});

describe('the recipients of an address field', () => {
  it.each([
    ['a@example.com', ['a@example.com']],
    ['a@example.com, b@example.com; a@example.com', ['a@example.com', 'b@example.com']],
    ['Åsa <asa@example.com>', ['asa@example.com']],
    ['"a, b"@example.com', ['"a, b"@example.com']],
    ['friends: a@example.com, b@example.com;', ['a@example.com', 'b@example.com']],
    ['not an address', ['not an address']],
    ['', ['']],
  ])('%s', (field, expected) => expect(recipientsOf(field)).toEqual(expected));
});
