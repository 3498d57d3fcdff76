/** The scenes of the demo, in their order. Each plays, says what to look at, and sees that it happened. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { formatAmount, minorDigits } from '../../domain/money.ts';
import { systemClock } from '../../ports/clock.ts';
import { playMidnight } from './midnight.ts';
import type { Show } from './show.ts';

export interface Scene {
  readonly name: string;
  readonly title: string;
  readonly play: (show: Show) => Promise<void>;
}

export const SCENES: readonly Scene[] = [
  { name: 'morning', title: 'A normal morning', play: playMorning },
  { name: 'burst', title: 'A burst: three hundred orders a second', play: playBurst },
  { name: 'sold-out', title: 'A product sells out, and is restocked', play: playSoldOut },
  { name: 'crash', title: 'A projector is killed, and recovers', play: playCrash },
  { name: 'person', title: 'A person orders, and gets a mail', play: playPerson },
  { name: 'replay', title: 'The read models are rebuilt, with proof', play: playReplay },
  { name: 'midnight', title: 'Midnight, in fast motion', play: playMidnight },
];

const MORNING_ORDERS_PER_SECOND = 3;
const BURST_ORDERS_PER_SECOND = 300;
const BURST_SECONDS = 15;
const RUSH_ORDERS_PER_SECOND = 50;
const RUSH_SECONDS = 20;
/** With no more than so many records before it, a projection is at the head of the log. */
const HEAD_RECORDS_MAX = 100;
const DELIVERY_UNITS = 250;
/** The chance that none of so many orders is drawn to be handled is one in millions. */
const ORDERS_TRIED_MAX = 12;
const ORDERED_BY = { name: 'Ada Lovelace', email: 'ada@example.org', country: 'GB' };

interface Figures {
  readonly ordersToday: number;
  readonly salesToday: number;
  readonly handledToday: number;
  readonly currency: string;
}

async function figuresOf(show: Show): Promise<Figures> {
  const { stats } = await show.ask<{ stats: Figures }>('{ stats { ordersToday salesToday handledToday currency } }');
  return stats;
}

function shown({ ordersToday, salesToday, handledToday, currency }: Figures): string {
  return `orders today ${ordersToday}, sales ${formatAmount(salesToday, currency, minorDigits(currency))}, handled ${handledToday}`;
}

/** Records that the projection that is furthest behind has before it. */
async function lagOf(show: Show): Promise<number> {
  const { projections } = await show.ask<{ projections: readonly { lagRecords: number }[] }>(
    '{ projections { lagRecords } }',
  );
  return Math.max(...projections.map(({ lagRecords }) => lagRecords));
}

async function configure(show: Show, input: object): Promise<void> {
  await show.ask('mutation($input: ConfigureSimulatorInput!) { configureSimulator(input: $input) { paused } }', {
    input,
  });
}

async function playMorning(show: Show): Promise<void> {
  await configure(show, { ordersPerSecond: MORNING_ORDERS_PER_SECOND, paused: false });
  const before = await figuresOf(show);
  show.say(`Customers come, about ${MORNING_ORDERS_PER_SECOND} a second on the average of a day: ${shown(before)}.`);
  show.look('the dashboard', `${show.stage.apiUrl}  the figures, the day by minute, orders as they come`);
  show.look('the playground', `${show.stage.apiUrl}/graphql  the tab "stats" as a subscription`);
  await show.hold(45);
  const after = await show.until('more orders', async () => {
    const figures = await figuresOf(show);
    return figures.ordersToday > before.ordersToday ? figures : null;
  });
  show.seen(`${after.ordersToday - before.ordersToday} orders later: ${shown(after)}`);
}

async function playBurst(show: Show): Promise<void> {
  // A day's end has little left, and whoever advertises has filled the warehouse before.
  const products = await stockOf(show);
  for (const { productId, opening } of products) await receive(show, productId, Math.max(opening, DELIVERY_UNITS));
  show.say(`The warehouse is filled: a delivery of each of the ${products.length} products.`);
  const before = await figuresOf(show);
  await configure(show, { burst: { ordersPerSecond: BURST_ORDERS_PER_SECOND, seconds: BURST_SECONDS } });
  show.say(`An advertisement: ${BURST_ORDERS_PER_SECOND} orders a second for ${BURST_SECONDS} seconds.`);
  show.look('the dashboard', 'the minute that rises, orders a second, and that it all stays smooth');
  const least = BURST_ORDERS_PER_SECOND * BURST_SECONDS * 0.9;
  const after = await show.until('the orders of the burst', async () => {
    const figures = await figuresOf(show);
    return figures.ordersToday - before.ordersToday >= least ? figures : null;
  });
  await show.until('the end of the burst', async () => {
    const { simulator } = await show.ask<{ simulator: { burst: { until: string } | null } }>(
      '{ simulator { burst { until } } }',
    );
    return simulator.burst === null || Date.parse(simulator.burst.until) < systemClock.now() ? true : null;
  });
  await show.until('everything folded', async () => ((await lagOf(show)) < HEAD_RECORDS_MAX ? true : null));
  show.seen(`${after.ordersToday - before.ordersToday} orders within seconds, and every projection is at the head`);
  await show.hold(15);
}

interface Balance {
  readonly productId: string;
  readonly name: string;
  readonly balance: number;
  readonly opening: number;
  readonly price: number | null;
}

async function stockOf(show: Show): Promise<readonly Balance[]> {
  const { stock } = await show.ask<{ stock: { products: readonly Balance[] } }>(
    '{ stock { products { productId name balance opening price } } }',
  );
  return stock.products;
}

interface Outcome {
  readonly orderId?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly order?: { readonly dueAt: string | null } | null;
}

async function order(show: Show, productId: string, quantity: number): Promise<Outcome> {
  const { placeOrder } = await show.ask<{ placeOrder: Outcome }>(
    `mutation($input: PlaceOrderInput!) { placeOrder(input: $input) {
      ... on OrderAccepted { orderId order { dueAt } }
      ... on Refusal { reason message }
    } }`,
    { input: { customer: ORDERED_BY, lines: [{ productId, quantity }] } },
  );
  return placeOrder;
}

async function receive(show: Show, productId: string, quantity: number): Promise<void> {
  await show.ask('mutation($input: ReceiveStockInput!) { receiveStock(input: $input) { __typename } }', {
    input: { productId, quantity },
  });
}

async function playSoldOut(show: Show): Promise<void> {
  // Else the simulated shopkeeper restocks before anybody has seen it.
  await configure(show, { paused: true });
  await show.hold(2);
  try {
    const worthOf = ({ balance, price }: Balance): number => balance * (price ?? 0);
    const offered = (await stockOf(show)).filter(({ balance }) => balance > 0);
    const [least] = [...offered].sort((a, b) => worthOf(a) - worthOf(b));
    show.expect(least !== undefined, 'something is in stock');
    if (least === undefined) return;
    const { productId, name } = least;
    show.say(`A wholesaler buys all that is left of ${name}: ${least.balance} units.`);
    show.look('the dashboard', `Stock: ${name}`);
    await show.until('an order for all of it', async () => {
      const left = (await stockOf(show)).find((each) => each.productId === productId)?.balance ?? 0;
      if (left === 0) return true;
      await order(show, productId, left);
      return null;
    });
    const refused = await order(show, productId, 1);
    show.expect(refused.reason === 'SOLD_OUT', `one more is refused (the answer was ${JSON.stringify(refused)})`);
    show.seen(`One more is refused, and nothing was oversold: ${refused.message ?? ''}`);
    await show.hold(15);
    await receive(show, productId, DELIVERY_UNITS);
    await show.until('the delivery in stock', async () => {
      const now = (await stockOf(show)).find((each) => each.productId === productId);
      return now !== undefined && now.balance >= DELIVERY_UNITS ? true : null;
    });
    const accepted = await order(show, productId, 1);
    show.expect(accepted.orderId !== undefined, 'after the delivery an order is taken');
    show.seen(`${DELIVERY_UNITS} units come in, and the next order is taken`);
    await show.hold(8);
  } finally {
    await configure(show, { paused: false });
  }
}

async function playCrash(show: Show): Promise<void> {
  const { stage } = show;
  const before = await figuresOf(show);
  await configure(show, { burst: { ordersPerSecond: RUSH_ORDERS_PER_SECOND, seconds: RUSH_SECONDS } });
  show.say(`kill -9 for ${stage.projectorName}, while ${RUSH_ORDERS_PER_SECOND} orders a second come in.`);
  show.look('the dashboard', stage.mode === 'engines' ? 'Operations: the lag that grows' : 'it says that it waits');
  await stage.killProjector();
  const killedAt = systemClock.now();
  if (stage.mode === 'engines') {
    const lag = await show.until('a lag', async () => {
      const behind = await lagOf(show);
      return behind >= RUSH_ORDERS_PER_SECOND ? behind : null;
    });
    show.say(`Orders are taken as before; the statistics are ${lag} records behind.`);
  }
  await show.hold(10);
  const startedAt = systemClock.now();
  await stage.startProjector();
  show.say('It is started again, and goes on from its checkpoint.');
  let told = Infinity;
  await show.until('everything folded', async () => {
    const lag = await lagOf(show);
    if (lag >= 2 * told || lag <= told / 2) show.say(`lag: ${(told = lag)} records`);
    return lag < HEAD_RECORDS_MAX ? true : null;
  });
  const after = await show.until('no figure below that of before', async () => {
    const figures = await figuresOf(show);
    return figures.ordersToday >= before.ordersToday ? figures : null;
  });
  const seconds = (ms: number): string => (ms / 1_000).toFixed(1);
  const now = systemClock.now();
  show.seen(`at the head ${seconds(now - startedAt)} s after its start (${seconds(now - killedAt)} s after the kill)`);
  show.seen(`nothing lost, nothing twice: ${shown(after)}`);
  await show.hold(8);
}

async function playPerson(show: Show): Promise<void> {
  const [product] = [...(await stockOf(show))].sort((a, b) => b.balance - a.balance);
  show.expect(product !== undefined, 'something is in stock');
  if (product === undefined) return;
  show.say(`${ORDERED_BY.name} orders one ${product.name}.`);
  let orderId: string | null = null;
  for (let tries = 0; orderId === null && tries < ORDERS_TRIED_MAX; tries++) {
    const placed = await order(show, product.productId, 1);
    show.expect(placed.orderId !== undefined, `the order is taken (the answer was ${JSON.stringify(placed)})`);
    const dueAt = await dueAtOf(show, placed.orderId ?? '');
    if (dueAt !== null) orderId = placed.orderId ?? null;
    else
      show.say(`Order ${placed.orderId ?? ''}: the draw says that it will never be handled, as for some. Another one.`);
  }
  show.expect(orderId !== null, 'an order that gets handled');
  show.look(
    'the dashboard',
    `${show.stage.apiUrl}/orders/${orderId ?? ''}  OPEN, then HANDLED in place, with its mail`,
  );
  const email = await show.until('the order handled, and its mail', async () => {
    const found = await show.ask<{
      order: { email: { file: string; subject: string; written: boolean } | null } | null;
    }>('query($id: ID!) { order(id: $id) { email { file subject written } } }', { id: orderId });
    const mail = found.order?.email ?? null;
    return mail?.written === true ? mail : null;
  });
  const file = path.join(show.stage.mailboxDir, email.file);
  const head = (await readFile(file, 'utf8')).split('\r\n\r\n')[0] ?? '';
  show.expect(head.includes(ORDERED_BY.email), 'the mail is to who ordered');
  show.seen(`handled, and mailed to ${ORDERED_BY.email}: "${email.subject}"`);
  show.look('the mail', file);
  await show.hold(15);
}

/** When the order will be handled; null when it never will. */
async function dueAtOf(show: Show, id: string): Promise<string | null> {
  const found = await show.until('the order in the read model', async () => {
    const { order: stored } = await show.ask<{ order: { dueAt: string | null; handledAt: string | null } | null }>(
      'query($id: ID!) { order(id: $id) { dueAt handledAt } }',
      { id },
    );
    return stored;
  });
  return found.dueAt;
}

async function playReplay(show: Show): Promise<void> {
  show.say('Sales are rebuilt from the log, beside the live ones, while orders come in.');
  show.look('the dashboard', `${show.stage.apiUrl}/operations  the progress, and the generation that goes up by one`);
  const replaying = show.stage.run('replay', 'sales');
  await show.hold(5);
  const { code, stdout } = await replaying;
  show.expect(code === 0, `the rebuild ends well: ${stdout.trim()}`);
  for (const line of stdout.trim().split('\n')) show.say(line);
  await show.hold(10);
  await verifyAll(show);
  await show.hold(10);
}

/** Every document against an independent fold of the whole log. */
export async function verifyAll(show: Show): Promise<void> {
  show.say('npm run verify: the whole log is folded once more, by other code.');
  const { code, stdout } = await show.stage.run('verify');
  for (const line of stdout.trim().split('\n')) show.say(line);
  show.expect(code === 0, 'every document equals the independent fold');
  show.seen('every document equals the independent fold');
}
