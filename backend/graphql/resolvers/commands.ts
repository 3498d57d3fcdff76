import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root, UseMiddleware } from 'type-graphql';
import { ShopError } from '../../ports/errors.ts';
import { encodePosition } from '../../queries/position.ts';
import { readOrder } from '../../queries/orders.ts';
import type { Accepted, Command, Refused } from '../../shop/commands.ts';
import { DEFAULT_CONFIGURATION, readConfiguration } from '../../simulator/settings.ts';
import { answer } from '../answer.ts';
import type { ApiContext, Services } from '../context.ts';
import { given } from '../given.ts';
import { operatorOnly } from '../operator-only.ts';
import {
  OrderAccepted,
  PlaceOrderInput,
  PlaceOrderResult,
  ReceiveStockInput,
  ReceiveStockResult,
  type Refusal,
  type StockReceived,
} from '../types/commands.ts';
import { Order } from '../types/orders.ts';
import { orderOf } from './orders.ts';

const ORDER_WAIT_MS = 5_000;

@Resolver(() => OrderAccepted)
export class CommandResolver {
  @Mutation(() => PlaceOrderResult, { description: 'Places a completed order. Sold out is an answer, not an error.' })
  async placeOrder(
    @Arg('input', () => PlaceOrderInput, { description: 'The order.' }) input: PlaceOrderInput,
    @Ctx() { services }: ApiContext,
  ): Promise<OrderAccepted | Refusal> {
    const { idempotencyKey, customer, lines } = input;
    const { name, email, country, id } = customer;
    const { handling } = (await readConfiguration(services.log))?.configuration ?? DEFAULT_CONFIGURATION;
    const outcome = await submit(services, {
      type: 'PlaceOrder',
      source: 'live',
      ...given({ key: idempotencyKey }),
      customer: { id: id ?? email, name, email, country },
      lines: lines.map(({ productId, quantity }) => ({ productId, quantity })),
      handling,
    });
    if (outcome.status === 'refused') return refusalOf(outcome);
    const { id: orderId, at, status } = outcome;
    return { orderId, at, duplicate: status === 'duplicate', position: positionOf(outcome) };
  }

  @FieldResolver(() => Order, { nullable: true, description: 'The order; this waits until it is in the read model.' })
  order(@Root() { orderId, position }: OrderAccepted, @Ctx() { services }: ApiContext): Promise<Order | null> {
    const asked = { atLeast: position, timeoutMs: ORDER_WAIT_MS };
    return answer(services, asked, ['orders'], async ({ collections }) => {
      const read = await readOrder(services.models, collections, orderId);
      return read === null ? null : orderOf(read);
    });
  }

  @Mutation(() => ReceiveStockResult, { description: 'Takes goods in: a restock. For operators.' })
  @UseMiddleware(operatorOnly)
  async receiveStock(
    @Arg('input', () => ReceiveStockInput, { description: 'The delivery.' }) input: ReceiveStockInput,
    @Ctx() { services }: ApiContext,
  ): Promise<StockReceived | Refusal> {
    const { idempotencyKey, productId, quantity } = input;
    const outcome = await submit(services, {
      type: 'ReceiveStock',
      source: 'live',
      ...given({ key: idempotencyKey }),
      productId,
      quantity,
      reason: 'restock',
    });
    if (outcome.status === 'refused') return refusalOf(outcome);
    const { at, status } = outcome;
    return { productId, quantity, at, duplicate: status === 'duplicate', position: positionOf(outcome) };
  }
}

async function submit({ shop }: Services, command: Command): Promise<Accepted | Refused> {
  const [outcome] = await shop.submit([command]);
  if (outcome === undefined) throw new ShopError('UNKNOWN_OUTCOME', 'the shop gave no answer; ask for the order');
  return outcome;
}

function refusalOf({ reason, message, productId }: Refused): Refusal {
  return { reason, message, productId: productId ?? null };
}

function positionOf({ position, at }: Accepted): string {
  return encodePosition({ offsets: position === null ? [] : [position], at: Date.parse(at) });
}
