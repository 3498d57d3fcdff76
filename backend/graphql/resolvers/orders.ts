import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root, Subscription } from 'type-graphql';
import type { OrderFeedFrame } from '../../live/order-feed.ts';
import { readHandled } from '../../queries/emails.ts';
import { readOrder, readOrders, type Order as OrderRead } from '../../queries/orders.ts';
import { answer } from '../answer.ts';
import type { ApiContext, Services } from '../context.ts';
import { given } from '../given.ts';
import { Email, EmailConnection, Order, OrderConnection, OrderFeed, OrdersArgs } from '../types/orders.ts';
import { connectionOf, PageArgs } from '../types/page.ts';
import { AtLeastArgs } from '../types/positions.ts';

const SOURCES = { live: 'LIVE', history: 'HISTORY', import: 'IMPORT' } as const;

/** The order as the schema has it. It bears what it was made from, for the fields that are read on demand. */
export function orderOf(read: OrderRead): Order & { readonly read: OrderRead } {
  return { ...read, source: SOURCES[read.source], read };
}

async function emailOf(services: Services, order: OrderRead): Promise<Email | null> {
  const mail = await services.mailOf(order);
  return mail === null ? null : { orderId: order.id, at: order.handledAt ?? order.placedAt, ...mail };
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
  email(@Root() { read }: ReturnType<typeof orderOf>, @Ctx() { services }: ApiContext): Promise<Email | null> {
    return emailOf(services, read);
  }

  @Query(() => Email, {
    name: 'email',
    nullable: true,
    description: 'The message about an order; null while it is not handled.',
  })
  async emailOfOrder(
    @Arg('orderId', () => ID, { description: "The order's id." }) orderId: string,
    @Ctx() { services }: ApiContext,
  ): Promise<Email | null> {
    const read = await readOrder(services.models, await services.collections(), orderId);
    return read === null ? null : emailOf(services, read);
  }

  @Query(() => EmailConnection, { description: 'Messages to customers, of orders handled last first.' })
  async emails(
    @Args(() => PageArgs) { first, after }: PageArgs,
    @Ctx() { services }: ApiContext,
  ): Promise<EmailConnection> {
    const page = await readHandled(services.models, await services.collections(), { ...given({ after }), first });
    const mails = await Promise.all(
      page.items.map(async ({ cursor, item }) => ({ cursor, item: await emailOf(services, item) })),
    );
    const items = mails.flatMap(({ cursor, item }) => (item === null ? [] : [{ cursor, item }]));
    return connectionOf({ ...page, items }, after, (mail) => mail);
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
