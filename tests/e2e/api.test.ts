/** The API in front of the running shop: embedded, and with every role as a process of its own on the engines. */
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { ApiClient } from '../api-client.ts';
import { freePort, killAll, Running, succeed, type Environment } from '../cli.ts';
import { describeWithEngines, uniqueName } from '../engines.ts';

const TIMEOUT_MS = 240_000;
const EXAMPLES = path.resolve(import.meta.dirname, '../../frontend/playground/examples');
const FIGURES = `ordersToday salesToday salesLastHour handledToday handledLast5m handledLast30m handledLast1h
  handledLast2h handledPer5mAverage handledPer5m openOrders stock { productId name balance }`;
const CUSTOMER = { name: 'Åsa Öberg', email: 'asa@example.com', country: 'Sweden' };
const PLACE = `mutation($input: PlaceOrderInput!) { placeOrder(input: $input) { __typename
  ... on OrderAccepted { orderId at duplicate position order { id total customer { email } } }
  ... on Refusal { reason message productId } } }`;

interface Placed {
  readonly placeOrder: {
    readonly __typename: string;
    readonly orderId: string;
    readonly at: string;
    readonly duplicate: boolean;
    readonly position: string;
    readonly order: { readonly id: string; readonly customer: { readonly email: string } };
    readonly reason?: string;
    readonly productId?: string;
  };
}

interface Figures {
  readonly ordersToday: number;
  readonly openOrders: number;
  readonly stock: readonly { readonly productId: string; readonly name: string; readonly balance: number }[];
}

interface RunningShop {
  readonly env: Environment;
  readonly url: string;
  readonly roles: readonly Running[];
}

const SIMULATION = ['--rate', '20', '--flat', '--delay', '1s'];

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-api-'));
});
afterAll(async () => {
  await killAll();
  await rm(dir, { recursive: true, force: true });
});

async function folders(name: string): Promise<Environment> {
  return {
    SHOP_URL: `http://127.0.0.1:${await freePort()}`,
    REPORTS_DIR: path.join(dir, name, 'reports'),
    MAILBOX_DIR: path.join(dir, name, 'mailbox'),
    LOG_LEVEL: 'warn',
  };
}

describe('the API, embedded', () => {
  inFrontOf(async () => {
    const env = { ...(await folders('embedded')), DATA_DIR: path.join(dir, 'embedded', 'data') };
    const shop = new Running(['start', '--no-history', ...SIMULATION], env);
    const [, url = ''] = await shop.printed(/API\S*\s+(http:\S+)\/graphql/);
    return { env, url, roles: [shop] };
  });
});

describeWithEngines('the API on Kafka and MongoDB', ({ brokers, uri }) => {
  inFrontOf(async () => {
    const prefix = uniqueName('api');
    const env = {
      ...(await folders('engines')),
      KAFKA_BROKERS: brokers.join(','),
      MONGODB_URI: new URL(`/${prefix}`, uri).href,
      TOPIC_PREFIX: `${prefix}-`,
      LOG_LEVEL: 'info',
    };
    const roles = [['serve'], ['shop'], ['project'], ['handle'], ['mail'], ['report']].map(
      (args) => new Running(args, env),
    );
    await Promise.all(roles.map((each) => each.printed(/Running/)));
    const [, url = ''] = (await roles[0]?.printed(/"dashboard":"(http:[^"]+)"/)) ?? [];
    // Before the first order: a policy stands in each of them.
    await new ApiClient(url).ask('mutation { configureSimulator(input: { handling: { delayMs: 1000 } }) { paused } }');
    const simulator = new Running(['simulate'], env);
    await simulator.printed(/Running/);
    return { env, url, roles: [...roles, simulator] };
  });
});

function inFrontOf(start: () => Promise<RunningShop>): void {
  let shop: RunningShop;
  let client: ApiClient;

  beforeAll(async () => {
    shop = await start();
    client = new ApiClient(shop.url);
    await client.ask('mutation { configureSimulator(input: { ordersPerSecond: 20, paused: false }) { paused } }');
    await client.watch<{ stats: Figures }>(
      'subscription { stats { ordersToday } }',
      ({ stats }) => stats.ordersToday > 100,
    );
  }, TIMEOUT_MS);

  const examples = async (): Promise<{ name: string; query: string; variables: Record<string, unknown> }[]> => {
    const files = await readdir(EXAMPLES);
    return Promise.all(
      files
        .filter((file) => file.endsWith('.graphql'))
        .map(async (file) => {
          const beside = file.replace('.graphql', '.variables.json');
          const variables = files.includes(beside) ? await readFile(path.join(EXAMPLES, beside), 'utf8') : '{}';
          const query = await readFile(path.join(EXAMPLES, file), 'utf8');
          return { name: file, query, variables: JSON.parse(variables) as Record<string, unknown> };
        }),
    );
  };

  it('runs every example of the playground over HTTP and over a socket', { timeout: TIMEOUT_MS }, async () => {
    let ran = 0;
    for (const { name, query, variables } of await examples()) {
      // A document may hold several operations, of which the playground runs the one that is chosen.
      const operations = [...query.matchAll(/^(query|mutation|subscription)\s+(\w+)/gm)];
      expect(operations.length, name).toBeGreaterThan(0);
      for (const [, kind, operationName] of operations) {
        const asked = { query, variables, operationName };
        if (kind !== 'subscription') {
          const response = await fetch(`${shop.url}/graphql`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(asked),
          });
          const answer = (await response.json()) as { data?: unknown; errors?: unknown };
          expect(answer.errors, `${name} ${operationName ?? ''}`).toBeUndefined();
          expect(answer.data, name).toBeTruthy();
        }
        const data = await client.askSocket(query, variables, operationName);
        expect(data, name).toBeTruthy();
        // What the next operation of the document is to be given, as its comment says.
        const { position } = (data['placeOrder'] ?? {}) as { position?: string };
        if (position !== undefined) variables['position'] = position;
        ran += 1;
      }
    }
    expect(ran).toBeGreaterThanOrEqual(10);
  });

  it('gives the same figures as the command line, over both', { timeout: TIMEOUT_MS }, async () => {
    await client.ask('mutation { configureSimulator(input: { paused: true }) { paused } }');
    await client.watch<{ stats: Figures & { behindMs: number } }>(
      'subscription { stats { openOrders behindMs } }',
      ({ stats }) => stats.openOrders === 0 && stats.behindMs === 0,
    );
    // Nothing comes in any more: any instant gives the same answer, whoever asks and however often.
    for (const ago of [0, 10_000, 3_700_000]) {
      const at = new Date(Date.now() - ago).toISOString();
      const expected = JSON.parse(await succeed(['stats', '--json', '--at', at], shop.env)) as Record<string, unknown>;
      const query = `query($at: DateTimeISO) { stats(at: $at) { at timeZone currency ${FIGURES} } }`;
      for (const answer of [await client.ask(query, { at }), await client.askSocket(query, { at })]) {
        expect(expected).toMatchObject(answer['stats'] as object);
      }
      const each = await client.ask<Record<string, { value: number }>>(
        `query($at: DateTimeISO) { ordersToday(at: $at) { value } salesToday(at: $at) { value } salesLastHour(at: $at) { value } openOrders(at: $at) { value } }`,
        { at },
      );
      for (const [name, { value }] of Object.entries(each)) expect(value, name).toBe(expected[name]);
      const { handled } = await client.ask<{ handled: Record<string, unknown> }>(
        'query($at: DateTimeISO) { handled(at: $at) { today last5m last30m last1h last2h per5mAverage per5m } }',
        { at },
      );
      expect(handled).toEqual({
        today: expected['handledToday'],
        last5m: expected['handledLast5m'],
        last30m: expected['handledLast30m'],
        last1h: expected['handledLast1h'],
        last2h: expected['handledLast2h'],
        per5mAverage: expected['handledPer5mAverage'],
        per5m: expected['handledPer5m'],
      });
    }
    let live: Figures | null = null;
    await client.watch<{ stats: Figures }>(`subscription { stats { at ${FIGURES} } }`, ({ stats }) => {
      live = stats;
      return true;
    });
    const { at, ...figures } = live as unknown as Figures & { at: string };
    expect(JSON.parse(await succeed(['stats', '--json', '--at', at], shop.env))).toMatchObject(figures);
    await client.ask('mutation { configureSimulator(input: { paused: false }) { paused } }');
  });

  it('has an order that was placed in every answer from its position on', { timeout: TIMEOUT_MS }, async () => {
    const { stock } = await client.ask<{ stock: { products: { productId: string; balance: number }[] } }>(
      '{ stock { products { productId balance } } }',
    );
    const productId = stock.products.toSorted((a, b) => b.balance - a.balance)[0]?.productId ?? '';
    let before = 0;
    for (let n = 0; n < 50; n++) {
      const input = { customer: { ...CUSTOMER, email: `nr${n}@example.com` }, lines: [{ productId, quantity: 1 }] };
      const { placeOrder } = await client.ask<Placed>(PLACE, { input });
      expect(placeOrder).toMatchObject({ __typename: 'OrderAccepted', duplicate: false });
      expect(placeOrder.order).toMatchObject({ id: placeOrder.orderId, customer: { email: `nr${n}@example.com` } });
      const answer = await client.ask<Record<string, never>>(
        `query($p: String, $id: ID!, $who: String) {
          ordersToday(atLeast: $p) { value }
          stats(atLeast: $p) { ordersToday }
          order(id: $id, atLeast: $p) { id }
          orders(atLeast: $p, customer: $who) { nodes { id } } }`,
        { p: placeOrder.position, id: placeOrder.orderId, who: `nr${n}@example.com` },
      );
      const { ordersToday, stats, order, orders } = answer as unknown as {
        ordersToday: { value: number };
        stats: { ordersToday: number };
        order: unknown;
        orders: unknown;
      };
      expect(order).toEqual({ id: placeOrder.orderId });
      expect(orders).toEqual({ nodes: [{ id: placeOrder.orderId }] });
      expect(ordersToday.value).toBeGreaterThan(before);
      expect(stats.ordersToday).toBeGreaterThan(before);
      before = Math.min(ordersToday.value, stats.ordersToday);
    }
  });

  it('makes a repeated order the same order, and says no as an answer', { timeout: TIMEOUT_MS }, async () => {
    const { stock } = await client.ask<{ stock: { products: { productId: string; balance: number }[] } }>(
      '{ stock { products { productId balance } } }',
    );
    const productId = stock.products.toSorted((a, b) => b.balance - a.balance)[0]?.productId ?? '';
    const place = async (input: object): Promise<Placed['placeOrder']> =>
      (await client.ask<Placed>(PLACE, { input: { customer: CUSTOMER, ...input } })).placeOrder;
    const idempotencyKey = `key-${Math.floor(performance.now())}`;
    const first = await place({ idempotencyKey, lines: [{ productId, quantity: 1 }] });
    const again = await place({ idempotencyKey, lines: [{ productId, quantity: 1 }] });
    expect(again).toEqual({ ...first, duplicate: true });
    expect(await place({ idempotencyKey, lines: [{ productId, quantity: 2 }] })).toMatchObject({ reason: 'CONFLICT' });
    const soldOut = await place({ lines: [{ productId, quantity: 1_000_000 }] });
    expect(soldOut).toMatchObject({ __typename: 'Refusal', reason: 'SOLD_OUT', productId });
    expect(await place({ lines: [{ productId: 'none', quantity: 1 }] })).toMatchObject({ reason: 'UNKNOWN_PRODUCT' });
    expect(await place({ lines: [] })).toMatchObject({ reason: 'INVALID' });
  });

  it('refuses what it cannot use, with a code and one line', { timeout: TIMEOUT_MS }, async () => {
    const far = Buffer.from(JSON.stringify({ p: { orders: { 0: 999_999_999 } }, t: 0 })).toString('base64url');
    const codes: [query: string, code: string][] = [
      ['{ stats(atLeast: "nonsense") { at } }', 'BAD_INPUT'],
      [`{ stats(atLeast: "${far}", timeoutMs: 50) { at } }`, 'TIMEOUT'],
      ['{ orders(first: 101) { nodes { id } } }', 'BAD_INPUT'],
      ['{ orders(after: "nonsense") { nodes { id } } }', 'BAD_INPUT'],
      ['{ stats(at: "yesterday") { at } }', 'GRAPHQL_VALIDATION_FAILED'],
      ['{ stats { nonsense } }', 'GRAPHQL_VALIDATION_FAILED'],
      ['{ stats {', 'GRAPHQL_PARSE_FAILED'],
      ['{ salesSeries(from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00Z") { from } }', 'BAD_INPUT'],
      ['mutation { makeReport(day: "2999-01-01") { day } }', 'BAD_INPUT'],
      ['mutation { rebuildProjection(projection: "none") { state } }', 'BAD_INPUT'],
      ['mutation { configureSimulator(input: { ordersPerSecond: -1 }) { paused } }', 'BAD_INPUT'],
    ];
    for (const [query, code] of codes) {
      const { errors } = await client.answer(query);
      expect(errors?.[0]?.extensions?.code, `${query}: ${JSON.stringify(errors)}`).toBe(code);
      expect(errors?.[0]?.message).toMatch(/^[^\n]+$/);
    }
  });

  it('says goodbye to its sockets when it is stopped', { timeout: TIMEOUT_MS }, async () => {
    const socket = new WebSocket(`${shop.url.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws');
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    await new Promise((resolve) => socket.on('open', resolve));
    socket.send(JSON.stringify({ type: 'connection_init' }));
    await new Promise((resolve) => socket.once('message', resolve));
    const ended = await Promise.all(
      shop.roles.map((role) => {
        role.signal('SIGTERM');
        return role.exited;
      }),
    );
    expect(await closed).toBe(1001);
    expect(ended.map(({ code, stderr }) => (code === 0 ? 0 : stderr))).toEqual(shop.roles.map(() => 0));
    await succeed(['verify'], shop.env);
  });
}
