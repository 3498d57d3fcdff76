import { ArgsType, Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import type { Order as OrderRead } from '../../queries/orders.ts';
import { PageArgs, PageInfo } from './page.ts';
import { DateTime, SafeInt } from './scalars.ts';

const ORDER_STATUS = { PLACED: 'PLACED', HANDLED: 'HANDLED' } as const;
registerEnumType(ORDER_STATUS, {
  name: 'OrderStatus',
  description: 'How far an order is.',
  valuesConfig: {
    PLACED: { description: 'Completed by the customer.' },
    HANDLED: { description: 'Handled, and the customer was written to.' },
  },
});

const EVENT_SOURCE = { LIVE: 'LIVE', HISTORY: 'HISTORY', IMPORT: 'IMPORT' } as const;
registerEnumType(EVENT_SOURCE, {
  name: 'EventSource',
  description: 'Where an event comes from.',
  valuesConfig: {
    LIVE: { description: 'It was written as it happened.' },
    HISTORY: { description: 'It was simulated afterwards.' },
    IMPORT: { description: 'It comes from a file.' },
  },
});

@ObjectType({ description: 'Who ordered.' })
export class Customer {
  @Field(() => ID, { description: "The customer's id." })
  readonly id!: string;

  @Field(() => String, { description: 'Full name.' })
  readonly name!: string;

  @Field(() => String, { description: 'E-mail address.' })
  readonly email!: string;

  @Field(() => String, { description: 'Country; may be empty.' })
  readonly country!: string;
}

@ObjectType({ description: 'Some units of one product in an order.' })
export class OrderLine {
  @Field(() => ID, { description: "The product's id." })
  readonly productId!: string;

  @Field(() => String, { description: "The product's name as it was then." })
  readonly name!: string;

  @Field(() => SafeInt, { description: 'Units.' })
  readonly quantity!: number;

  @Field(() => SafeInt, { description: 'What one unit cost, in minor units.' })
  readonly unitPrice!: number;

  @Field(() => SafeInt, { description: 'Quantity × unit price, in minor units.' })
  readonly amount!: number;
}

@ObjectType({ description: 'An order with its status.' })
export class Order {
  @Field(() => ID, { description: "The order's id." })
  readonly id!: string;

  @Field(() => ORDER_STATUS, { description: 'How far it is.' })
  readonly status!: OrderRead['status'];

  @Field(() => DateTime, { description: 'When it was placed.' })
  readonly placedAt!: string;

  @Field(() => DateTime, { nullable: true, description: 'When it is to be handled; null when it was not drawn.' })
  readonly dueAt!: string | null;

  @Field(() => DateTime, { nullable: true, description: 'When it was handled; null until then.' })
  readonly handledAt!: string | null;

  @Field(() => Int, { nullable: true, description: 'Which attempt handled it; null until then.' })
  readonly attempt!: number | null;

  @Field(() => EVENT_SOURCE, { description: 'Where it comes from.' })
  readonly source!: keyof typeof EVENT_SOURCE;

  @Field(() => Customer, { description: 'Who ordered.' })
  readonly customer!: Customer;

  @Field(() => String, { description: 'ISO 4217 code of its amounts.' })
  readonly currency!: string;

  @Field(() => SafeInt, { description: 'What all lines come to, in minor units.' })
  readonly total!: number;

  @Field(() => [OrderLine], { description: 'What was ordered.' })
  readonly lines!: readonly OrderLine[];
}

@ObjectType({ description: 'An order in a list, with its cursor.' })
export class OrderEdge {
  @Field(() => String, { description: 'May be given as `after`.' })
  readonly cursor!: string;

  @Field(() => Order, { description: 'The order.' })
  readonly node!: Order;
}

@ObjectType({ description: 'A page of orders, newest first.' })
export class OrderConnection {
  @Field(() => [OrderEdge], { description: 'The orders with their cursors.' })
  readonly edges!: readonly OrderEdge[];

  @Field(() => [Order], { description: 'The orders.' })
  readonly nodes!: readonly Order[];

  @Field(() => PageInfo, { description: 'Where the page stands.' })
  readonly pageInfo!: PageInfo;
}

@ArgsType()
export class OrdersArgs extends PageArgs {
  @Field(() => ORDER_STATUS, { nullable: true, description: 'Only orders with this status.' })
  readonly status?: OrderRead['status'];

  @Field(() => String, { nullable: true, description: "Only orders of this customer's e-mail address." })
  readonly customer?: string;

  @Field(() => DateTime, { nullable: true, description: 'Only orders placed at or after this instant.' })
  readonly from?: Date;

  @Field(() => DateTime, { nullable: true, description: 'Only orders placed before this instant.' })
  readonly to?: Date;

  @Field(() => String, { nullable: true, description: 'A `position` of an earlier answer to wait for.' })
  readonly atLeast?: string;

  @Field(() => Int, { defaultValue: 5_000, description: 'How long to wait for it, in ms.' })
  readonly timeoutMs: number = 5_000;
}

const CHANGE_KIND = { PLACED: 'PLACED', HANDLED: 'HANDLED' } as const;
registerEnumType(CHANGE_KIND, { name: 'OrderChangeKind', description: 'What happened to an order.' });

@ObjectType({ description: 'Something that happened to an order.' })
export class OrderChange {
  @Field(() => CHANGE_KIND, { description: 'What happened.' })
  readonly kind!: keyof typeof CHANGE_KIND;

  @Field(() => Order, { description: 'The order as it is now.' })
  readonly order!: Order;
}

@ObjectType({
  description:
    'The newest changes, oldest first, numbered `first` to `last`. Whoever saw changes up to n and now gets `first` > n + 1 has missed those in between.',
})
export class OrderFeed {
  @Field(() => SafeInt, { description: 'The number of the first change in the list.' })
  readonly first!: number;

  @Field(() => SafeInt, { description: 'The number of the last change in the list.' })
  readonly last!: number;

  @Field(() => Int, { description: 'Changes since the frame before that are not listed, as there were too many.' })
  readonly skipped!: number;

  @Field(() => [OrderChange], { description: 'At most 30 changes.' })
  readonly changes!: readonly OrderChange[];
}
