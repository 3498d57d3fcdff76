/** Delivery to real mail servers, in a time that the tests own. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryModels, MemoryStore as ModelStore } from '../../projections/model/memory-models.ts';
import { MemoryLog } from '../adapters/memory/memory-log.ts';
import { MemoryStore as LogStore } from '../adapters/memory/memory-store.ts';
import { encode } from '../events/codec.ts';
import type { OrderHandled } from '../events/events.ts';
import { ManualClock } from '../ports/clock.ts';
import { deferred } from '../ports/deferred.ts';
import { silentLogger } from '../ports/logger.ts';
import { handled } from '../queries/testing.ts';
import { compose } from './compose.ts';
import {
  asideIn,
  deadPort,
  listen,
  listening,
  meanwhile,
  ordersFor,
  pass,
  temporaryMailbox,
  type Listening,
  type Script,
} from './mailer-test-kit.ts';
import { startMailer, type Mailer, type MailerOptions } from './mailer.ts';

/** A step of the clock where a day must not pass while a real server answers. */
const UNHURRIED_MS = 200;
const shop = { timeZone: 'Europe/Stockholm', minorDigits: 2 };
const AT = Date.parse('2026-11-22T14:00:00.000Z');
const HOUR = 3_600_000;

let mailbox: string;
let remove: () => Promise<void>;
let log: MemoryLog;
let models: MemoryModels;
let clock: ManualClock;
let mailers: Mailer[];
let servers: Listening[];

beforeEach(async () => {
  ({ mailbox, remove } = await temporaryMailbox());
  log = new MemoryLog(new LogStore());
  models = new MemoryModels(new ModelStore());
  clock = new ManualClock(AT);
  mailers = [];
  servers = [];
});

afterEach(async () => {
  await Promise.all(mailers.map((each) => each.stop()));
  await Promise.all(servers.map((each) => each.stop()));
  await remove();
});

async function start(more: Partial<MailerOptions> = {}): Promise<Mailer> {
  const mailer = await startMailer({ log, models, clock, logger: silentLogger, mailbox, ...shop, ...more });
  mailers.push(mailer);
  return mailer;
}

async function serve(script: Script = {}): Promise<Listening> {
  const server = await listen(script);
  servers.push(server);
  return server;
}

const append = (events: readonly OrderHandled[]): Promise<void> => log.append(events.map(encode));
const ends = () => log.bounds('handled-orders');
const neighbours = Array.from({ length: 25 }, (_, n) => `n${n}@example.com`);
const sorted = (texts: readonly string[]): string[] => [...texts].sort();

describe('delivery by SMTP', { timeout: 60_000 }, () => {
  it('sends what was written, byte by byte, and history never', async () => {
    const server = await serve();
    const mailer = await start({ smtpUrl: server.url, mailHistory: true });
    const orders = Array.from({ length: 30 }, (_, n) => handled(`order-${n}`, AT + n));
    await append([...orders, handled('old', AT, { source: 'history' }), handled('real', AT, { source: 'import' })]);
    await mailer.delivered(await ends());
    const ids = server.received.map((each) => each.messageId ?? '');
    expect(sorted(ids)).toEqual(sorted(orders.map(({ orderId }) => `<${orderId}@shopstream.example>`)));
    expect(server.received[0]?.to).toEqual(['asa@example.com']);
    const sent = server.received.find((each) => each.messageId === '<order-0@shopstream.example>');
    expect(sent?.bytes).toEqual((await compose(orders[0] as OrderHandled, shop)).bytes);
  });

  it('does not send what was handled before a server was given, and loses nothing at a restart', async () => {
    const orders = Array.from({ length: 40 }, (_, n) => handled(`order-${n}`, AT + n));
    const without = await start();
    await append(orders.slice(0, 20));
    await without.caughtUp(await ends());
    await without.stop();
    const port = await deadPort();
    // The server is down and the process ends before anything was sent; the files go on meanwhile.
    const down = await start({ smtpUrl: `smtp://127.0.0.1:${port}` });
    await append(orders.slice(20));
    await down.caughtUp(await ends());
    await down.stop();
    const server = await serve({ port });
    await (await start({ smtpUrl: server.url })).delivered(await ends());
    const ids = new Set(server.received.map((each) => each.messageId ?? ''));
    expect(sorted([...ids])).toEqual(sorted(orders.slice(20).map(({ orderId }) => `<${orderId}@shopstream.example>`)));
  });

  it('finishes what it has begun when it is stopped, so that nothing is sent again', async () => {
    const gate = deferred();
    const server = await serve({ gate: gate.promise });
    const first = await start({ smtpUrl: server.url });
    await append(ordersFor(neighbours, AT));
    await meanwhile(clock, () => server.asked('n4@example.com') === 1);
    const stopped = first.stop();
    gate.resolve();
    await stopped;
    expect(server.received.length).toBeGreaterThan(0);
    await (await start({ smtpUrl: server.url })).delivered(await ends());
    expect(sorted(server.recipients())).toEqual(sorted(neighbours));
  });
});

describe('a recipient that is refused', { timeout: 60_000 }, () => {
  it('holds up nobody, is put aside and said once', async () => {
    const server = await serve({ to: (address) => (address === 'grey@example.com' ? '451 try later' : null) });
    const { logger, lines } = listening();
    const mailer = await start({ smtpUrl: server.url, logger });
    await append(ordersFor(['grey@example.com', ...neighbours], AT));
    await mailer.delivered(await ends());
    expect(sorted(server.recipients())).toEqual(sorted(neighbours));
    const [aside, ...others] = await asideIn(models);
    expect(others).toEqual([]);
    expect(aside).toMatchObject({ to: 'grey@example.com', state: 'waiting', tries: 1, partition: 0, offset: 0 });
    expect(aside?.reason).toContain('451 try later');
    expect(Date.parse(aside?.at ?? '') - AT).toBe(60_000);
    expect(lines).toEqual([
      expect.stringMatching(/did not take a mail; it is put aside, and retried\..*451 try later/),
    ]);
  });

  it('gets its mail once, at the third try, when the server takes it then', async () => {
    const server = await serve({ to: (_, nth) => (nth < 3 ? '450 greylisted' : null) });
    const { logger, lines } = listening();
    const mailer = await start({ smtpUrl: server.url, logger });
    await append(ordersFor(['grey@example.com'], AT));
    await mailer.delivered(await ends());
    await pass(clock, () => server.received.length > 0, UNHURRIED_MS);
    await pass(clock, async () => (await asideIn(models)).length === 0);
    expect(clock.now() - AT).toBeGreaterThanOrEqual(180_000);
    const until = clock.now() + 3 * HOUR;
    await pass(clock, () => clock.now() > until);
    expect([server.asked('grey@example.com'), server.recipients()]).toEqual([3, ['grey@example.com']]);
    expect(lines.filter((each) => each.includes('delivered'))).toHaveLength(1);
  });

  it('is given up after a day, which is said once', async () => {
    const server = await serve({ to: (address) => (address === 'grey@example.com' ? '451 try later' : null) });
    const { logger, lines } = listening();
    await start({ smtpUrl: server.url, logger });
    await append(ordersFor(['grey@example.com', 'n@example.com'], AT));
    await pass(clock, async () => (await asideIn(models))[0]?.state === 'given-up');
    const [aside] = await asideIn(models);
    expect(Date.parse(aside?.at ?? '') - Date.parse(aside?.firstTriedAt ?? '')).toBeGreaterThanOrEqual(24 * HOUR);
    expect(aside?.tries).toBe(server.asked('grey@example.com'));
    const until = clock.now() + 3 * HOUR;
    await pass(clock, () => clock.now() > until);
    expect(server.asked('grey@example.com')).toBe(aside?.tries);
    expect(server.recipients()).toEqual(['n@example.com']);
    expect(lines.map((each) => each.split(/[;:]/)[0])).toEqual([
      'The mail server did not take a mail',
      'A mail is given up',
    ]);
  });

  it('is given up at once where the answer is final; the text, too, and an address that is none', async () => {
    const server = await serve({
      to: (address) => (address === 'nobody@example.com' ? '550 no such user' : null),
      data: (address) => (address === 'spam@example.com' ? '554 not this text' : null),
    });
    const mailer = await start({ smtpUrl: server.url });
    const refused = ['nobody@example.com', 'spam@example.com', 'not an address', '@'];
    await append(ordersFor([...refused, ...neighbours], AT));
    await mailer.delivered(await ends());
    expect(sorted(server.recipients())).toEqual(sorted(neighbours));
    const aside = await asideIn(models);
    expect(aside.map(({ to, state, tries }) => [to, state, tries])).toEqual(refused.map((to) => [to, 'given-up', 1]));
    expect(aside[0]?.reason).toContain('550 no such user');
    expect(aside[1]?.reason).toContain('554 not this text');
    expect(aside[2]?.reason).toContain('No recipients defined');
  });

  it('does not bring a second mail to who was named beside it', async () => {
    const server = await serve({ to: (address, nth) => (address === 'g@example.com' && nth < 2 ? '451 later' : null) });
    await start({ smtpUrl: server.url });
    await append(ordersFor(['f@example.com, g@example.com'], AT));
    await pass(clock, () => server.received.length === 2, UNHURRIED_MS);
    await pass(clock, async () => (await asideIn(models)).length === 0);
    expect(server.recipients()).toEqual(['f@example.com', 'g@example.com']);
    expect(server.asked('f@example.com')).toBe(1);
  });

  it('is put aside for its text, too, and for a connection that breaks at its mail only', async () => {
    const server = await serve({
      to: (address) => (address === 'closed@example.com' ? '421 closing for this one' : null),
      data: (address) => (address === 'busy@example.com' ? '451 scanner is busy' : null),
    });
    await start({ smtpUrl: server.url });
    await append(ordersFor(['closed@example.com', 'busy@example.com', ...neighbours], AT));
    await pass(clock, () => server.received.length === neighbours.length, UNHURRIED_MS);
    expect(sorted(server.recipients())).toEqual(sorted(neighbours));
    // In the order of their next tries, which depends on how far the clock went meanwhile.
    const aside = new Map((await asideIn(models)).map(({ to, ...more }) => [to, more]));
    expect([...aside.keys()].sort()).toEqual(['busy@example.com', 'closed@example.com']);
    expect([...aside.values()].map(({ state }) => state)).toEqual(['waiting', 'waiting']);
    expect(aside.get('closed@example.com')?.reason).toContain('421 closing for this one');
  });
});

describe('a server in trouble', { timeout: 60_000 }, () => {
  it('makes everybody wait, says so once for each pause, and gets every mail once when it is up', async () => {
    const port = await deadPort();
    const { logger, lines } = listening();
    const mailer = await start({ smtpUrl: `smtp://127.0.0.1:${port}`, logger });
    const orders = Array.from({ length: 60 }, (_, n) => handled(`order-${n}`, AT + n));
    await append(orders);
    await mailer.caughtUp(await ends());
    const until = AT + 3 * HOUR;
    await pass(clock, () => clock.now() > until);
    const downs = lines.filter((each) => /mail server at 127\.0\.0\.1:\d+ takes no mails/.test(each));
    expect(downs[0]).toContain('ECONNREFUSED');
    // A line a minute at the most, whatever waits.
    expect(downs.length).toBeLessThan(3 * 60 + 10);
    expect(lines.length).toBe(downs.length);
    const server = await serve({ port });
    await pass(clock, () => server.received.length === 60);
    await mailer.delivered(await ends());
    expect(new Set(server.received.map((each) => each.messageId)).size).toBe(60);
    expect([server.received.length, await asideIn(models)]).toEqual([60, []]);
    expect(lines.filter((each) => each.includes('takes mails again'))).toHaveLength(1);
  });

  it.each(['450 slow down', '553 not this sender'])('is one that says %s to the sender', async (said) => {
    let bad = true;
    const server = await serve({ from: () => (bad ? said : null) });
    const { logger, told } = listening();
    const mailer = await start({ smtpUrl: server.url, logger });
    await append(ordersFor(neighbours, AT));
    await told(/takes no mails; they wait/);
    expect([server.received, await asideIn(models)]).toEqual([[], []]);
    bad = false;
    await pass(clock, () => server.received.length === neighbours.length, UNHURRIED_MS);
    await mailer.delivered(await ends());
    expect(sorted(server.recipients())).toEqual(sorted(neighbours));
  });

  it('may get a mail twice whose answer was lost, with the same Message-ID', async () => {
    const server = await serve({ data: (_, nth) => (nth === 1 ? '451 reset' : null) });
    const mailer = await start({ smtpUrl: server.url });
    await append(ordersFor(['lost@example.com'], AT));
    await pass(clock, () => server.received.length === 2, UNHURRIED_MS);
    await mailer.delivered(await ends());
    const [first, second] = server.received;
    expect(second).toEqual(first);
    expect(await asideIn(models)).toEqual([]);
  });
});
