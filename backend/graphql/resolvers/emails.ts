import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { readDeliveries, readUndelivered, type Delivery } from '../../queries/deliveries.ts';
import { readHandled } from '../../queries/emails.ts';
import { readOrder, type Order } from '../../queries/orders.ts';
import type { ApiContext, Services } from '../context.ts';
import { given } from '../given.ts';
import { Email, EmailConnection, EmailDelivery, EmailDeliveryConnection, UndeliveredArgs } from '../types/emails.ts';
import { connectionOf, PageArgs } from '../types/page.ts';

/** The message as the schema has it; it bears the order that it is about, for the fields that are read on demand. */
export type EmailOfOrder = Omit<Email, 'deliveries'> & { readonly read: Order };

export async function emailOf(services: Services, order: Order): Promise<EmailOfOrder | null> {
  const mail = await services.mailOf(order);
  return mail === null ? null : { orderId: order.id, at: order.handledAt ?? order.placedAt, ...mail, read: order };
}

const DELIVERY_STATES = {
  queued: 'QUEUED',
  waiting: 'WAITING',
  delivered: 'DELIVERED',
  'given-up': 'GIVEN_UP',
} as const;

function deliveryOf({ orderId, to, state, putAside }: Delivery): EmailDelivery {
  return {
    orderId,
    to,
    state: DELIVERY_STATES[state],
    tries: putAside?.tries ?? null,
    reason: putAside?.reason ?? null,
    firstTriedAt: putAside?.firstTriedAt ?? null,
    lastTriedAt: putAside?.lastTriedAt ?? null,
    nextTryAt: putAside?.state === 'waiting' ? putAside.at : null,
  };
}

@Resolver(() => Email)
export class EmailResolver {
  @FieldResolver(() => [EmailDelivery], {
    description: 'How far it got by SMTP, for each recipient; empty when it is not to be sent.',
  })
  async deliveries(@Root() { read }: EmailOfOrder, @Ctx() { services }: ApiContext): Promise<EmailDelivery[]> {
    return (await readDeliveries(services.models, read)).map(deliveryOf);
  }

  @Query(() => Email, {
    name: 'email',
    nullable: true,
    description: 'The message about an order; null while it is not handled.',
  })
  async emailOfOrder(
    @Arg('orderId', () => ID, { description: "The order's id." }) orderId: string,
    @Ctx() { services }: ApiContext,
  ): Promise<EmailOfOrder | null> {
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

  @Query(() => EmailDeliveryConnection, {
    description: 'Messages that the mail server did not take: those tried again latest, or given up last, first.',
  })
  async undeliveredEmails(
    @Args(() => UndeliveredArgs) { first, after, givenUp }: UndeliveredArgs,
    @Ctx() { services }: ApiContext,
  ): Promise<EmailDeliveryConnection> {
    const state = givenUp ? 'given-up' : 'waiting';
    const page = await readUndelivered(services.models, state, { ...given({ after }), first });
    return connectionOf(page, after, (putAside) => deliveryOf({ ...putAside, putAside }));
  }
}
