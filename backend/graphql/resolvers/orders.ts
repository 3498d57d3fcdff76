import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root, Subscription } from 'type-graphql';
import type { OrderFeedFrame } from '../../live/order-feed.ts';
import { readOrder, readOrders, type Order as OrderRead } from '../../queries/orders.ts';
import { answer } from '../answer.ts';
import type { ApiContext } from '../context.ts';
import { given } from '../given.ts';
import { Email } from '../types/emails.ts';
import { Order, OrderConnection, OrderFeed, OrdersArgs } from '../types/orders.ts';
import { connectionOf } from '../types/page.ts';
import { AtLeastArgs } from '../types/positions.ts';
import { emailOf, type EmailOfOrder } from './emails.ts';

const SOURCES = { live: 'LIVE', history: 'HISTORY', import: 'IMPORT' } as const;

/** The order as the schema has it. It bears what it was made from, for the fields that are read on demand. */
export function orderOf(read: OrderRead): Order & { readonly read: OrderRead } {
  return { ...read, source: SOURCES[read.source], read };
}

@Resolver(() => Order)
export class OrderResolver {
  @Query(() => Order, { nullable: true, description: 'An order by its id; null when there is none.' })
  order(
    @Arg('id', () => ID, { description: "The order's id." }) id: string,
    @Args(() => AtLeastArgs) asked: AtLeastArgs,
    @Ctx() { services }: ApiContext,
  ): Promise<Order | null> {
    return answer(services, asked, ['orders'], async ({ collections }) => {
      const read = await readOrder(services.models, collections, id);
      return read === null ? null : orderOf(read);
    });
  }

  @Query(() => OrderConnection, { description: 'Orders, newest first.' })
  orders(@Args(() => OrdersArgs) asked: OrdersArgs, @Ctx() { services }: ApiContext): Promise<OrderConnection> {
    const { first, after, status, customer, from, to } = asked;
    return answer(services, asked, ['orders'], async ({ collections }) => {
      const page = await readOrders(services.models, collections, {
        ...given({ after, status, customer, from: from?.toISOString(), to: to?.toISOString() }),
        first,
      });
      return connectionOf(page, after, orderOf);
    });
  }

  @FieldResolver(() => Email, { nullable: true, description: 'The message to the customer; null until it is handled.' })
  email(@Root() { read }: ReturnType<typeof orderOf>, @Ctx() { services }: ApiContext): Promise<EmailOfOrder | null> {
    return emailOf(services, read);
  }

  @Subscription(() => OrderFeed, {
    name: 'orders',
    description:
      'Orders as they are placed and handled: first the newest, then the changes, at most 20 times a second.',
    subscribe: ({ context }: { context: ApiContext }) => context.services.live.orders.follow(),
  })
  liveOrders(@Root() frame: OrderFeedFrame): OrderFeed {
    return { ...frame, changes: frame.changes.map(({ kind, order }) => ({ kind, order: orderOf(order) })) };
  }
}
