/** What the API says, and how the Live page has to write it. */
import { minorDigits } from '../../backend/domain/money.ts';
import type { ApiClient } from '../api-client.ts';
import { configureSimulator } from './shops.ts';
import { LOCALE, type LiveFigures } from './visit.ts';

export interface Product {
  readonly productId: string;
  readonly name: string;
  readonly balance: number;
  readonly opening: number;
  readonly soldToday: number;
}

export interface Stats {
  readonly at: string;
  readonly currency: string;
  readonly ordersToday: number;
  readonly salesToday: number;
  readonly salesLastHour: number;
  readonly handledToday: number;
  readonly handledLast5m: number;
  readonly handledLast30m: number;
  readonly handledLast1h: number;
  readonly handledLast2h: number;
  readonly handledPer5mAverage: number;
  readonly openOrders: number;
  readonly behindMs: number;
  readonly stock: readonly Product[];
}

const STATS = `query($at: DateTimeISO) { stats(at: $at) { at currency ordersToday salesToday salesLastHour handledToday
  handledLast5m handledLast30m handledLast1h handledLast2h handledPer5mAverage openOrders behindMs
  stock { productId name balance opening soldToday } } }`;
const ROWS = 5;
const LOW_SHARE = 0.15;

/** The figures as of an instant, in epoch ms; the present when absent. */
export async function statsOf(client: ApiClient, at?: number): Promise<Stats> {
  const variables = at === undefined ? {} : { at: new Date(at).toISOString() };
  return (await client.ask<{ stats: Stats }>(STATS, variables)).stats;
}

/** Nobody orders any more, and all that was to be handled is. */
export async function standStill(client: ApiClient): Promise<void> {
  await configureSimulator(client, { paused: true });
  await client.watch<{ stats: Stats }>(
    'subscription { stats { openOrders behindMs } }',
    ({ stats }) => stats.openOrders === 0 && stats.behindMs === 0,
  );
}

/** Waits until more than `count` orders were placed today. */
export async function moreOrdersThan(client: ApiClient, count: number): Promise<void> {
  await client.watch<{ stats: Stats }>(
    'subscription { stats { ordersToday } }',
    ({ stats }) => stats.ordersToday > count,
  );
}

export interface PlacedOrder {
  readonly id: string;
  readonly status: string;
  readonly placedAt: string;
}

/** The newest order. */
export async function newestOrder(client: ApiClient): Promise<PlacedOrder> {
  const query = '{ orders(first: 1) { nodes { id status placedAt } } }';
  const { orders } = await client.ask<{ orders: { nodes: PlacedOrder[] } }>(query);
  return orders.nodes[0]!;
}

/** Orders so many of a product; fails when the shop says no. */
export async function order(client: ApiClient, productId: string, quantity: number): Promise<string> {
  const customer = { name: 'Åsa Öberg', email: 'asa@example.com', country: 'Sweden' };
  const { placeOrder } = await client.ask<{ placeOrder: { orderId?: string } }>(
    `mutation($input: PlaceOrderInput!) { placeOrder(input: $input) { ... on OrderAccepted { orderId order { id } } } }`,
    { input: { customer, lines: [{ productId, quantity }] } },
  );
  if (placeOrder.orderId === undefined) throw new Error(`no order of ${quantity} × ${productId}`);
  return placeOrder.orderId;
}

/** Intl puts spaces of its own kinds into what it writes. */
const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** How the Live page has to show them. */
export function asShown(stats: Stats): LiveFigures {
  const count = (value: number): string => plain(new Intl.NumberFormat(LOCALE).format(value));
  const style = { style: 'currency', currency: stats.currency, currencyDisplay: 'narrowSymbol' } as const;
  const money = new Intl.NumberFormat(LOCALE, { ...style, maximumFractionDigits: 0 });
  const scale = 10 ** minorDigits(stats.currency);
  const amount = (minor: number): string => plain(money.format(minor / scale));
  const one = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const { handledLast5m, handledLast30m, handledLast1h, handledLast2h } = stats;
  const sold = stats.stock
    .filter(({ soldToday }) => soldToday > 0)
    .toSorted((a, b) => b.soldToday - a.soldToday || a.name.localeCompare(b.name, LOCALE));
  const left = ({ balance, opening }: Product): number => Math.max(0, Math.min(1, balance / opening));
  const emptiest = stats.stock.toSorted(
    (a, b) => left(a) - left(b) || a.balance - b.balance || a.name.localeCompare(b.name, LOCALE),
  );
  const badge = ({ balance, opening }: Product): string =>
    balance <= 0 ? 'Sold out, ' : balance < opening * LOW_SHARE ? 'Low, ' : '';
  return {
    orders: count(stats.ordersToday),
    sales: amount(stats.salesToday),
    lastHour: amount(stats.salesLastHour),
    handled: count(stats.handledToday),
    open: `${count(stats.openOrders)} open`,
    windows: [handledLast5m, handledLast30m, handledLast1h, handledLast2h].map(count),
    average: `average ${one.format(stats.handledPer5mAverage)} each 5 min`,
    top: sold.slice(0, ROWS).map(({ name, soldToday }) => `${name}: ${count(soldToday)}`),
    look: emptiest.slice(0, ROWS).map((each) => `${each.name}: ${badge(each)}${count(each.balance)} left`),
  };
}
