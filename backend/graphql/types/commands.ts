import { createUnionType, Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import type { RefusalReason } from '../../shop/commands.ts';
import { DateTime, SafeInt } from './scalars.ts';

@InputType({ description: 'Who orders.' })
export class CustomerInput {
  @Field(() => String, { description: 'Full name.' })
  readonly name!: string;

  @Field(() => String, { description: 'E-mail address: the message about handling goes there.' })
  readonly email!: string;

  @Field(() => String, { defaultValue: '', description: 'Country.' })
  readonly country: string = '';

  @Field(() => ID, { nullable: true, description: "The customer's id; the e-mail address when absent." })
  readonly id?: string;
}

@InputType({ description: 'Some units of a product, at its list price.' })
export class OrderLineInput {
  @Field(() => ID, { description: "The product's id." })
  readonly productId!: string;

  @Field(() => Int, { description: 'Units, at least 1.' })
  readonly quantity!: number;
}

@InputType({ description: 'A completed order.' })
export class PlaceOrderInput {
  @Field(() => String, {
    nullable: true,
    description: 'Makes a repeated request the same order, however late it is repeated. Choose one for each order.',
  })
  readonly idempotencyKey?: string;

  @Field(() => CustomerInput, { description: 'Who orders.' })
  readonly customer!: CustomerInput;

  @Field(() => [OrderLineInput], { description: 'What is ordered, at least one line.' })
  readonly lines!: readonly OrderLineInput[];
}

@InputType({ description: 'Goods that came in.' })
export class ReceiveStockInput {
  @Field(() => String, { nullable: true, description: 'Makes a repeated request the same delivery.' })
  readonly idempotencyKey?: string;

  @Field(() => ID, { description: "The product's id." })
  readonly productId!: string;

  @Field(() => Int, { description: 'Units, at least 1.' })
  readonly quantity!: number;
}

@ObjectType({ description: 'An order that is durably in the log.' })
export class OrderAccepted {
  @Field(() => ID, { description: "The order's id." })
  readonly orderId!: string;

  @Field(() => DateTime, { description: 'When it was placed.' })
  readonly at!: string;

  @Field(() => Boolean, { description: 'Whether it was placed by an earlier request with the same key.' })
  readonly duplicate!: boolean;

  @Field(() => String, { description: 'Given to a query as `atLeast`, its answer has the order in.' })
  readonly position!: string;
}

const REASONS: { readonly [R in RefusalReason]: R } = {
  SOLD_OUT: 'SOLD_OUT',
  UNKNOWN_PRODUCT: 'UNKNOWN_PRODUCT',
  CONFLICT: 'CONFLICT',
  OTHER_CURRENCY: 'OTHER_CURRENCY',
  INVALID: 'INVALID',
};
registerEnumType(REASONS, {
  name: 'RefusalReason',
  description: 'Why something was refused.',
  valuesConfig: {
    SOLD_OUT: { description: 'Less is available than asked for.' },
    UNKNOWN_PRODUCT: { description: 'There is no such product.' },
    CONFLICT: { description: 'The key was used before, for something else.' },
    OTHER_CURRENCY: { description: 'The shop has another currency.' },
    INVALID: { description: 'The request itself is not valid.' },
  },
});

@ObjectType({ description: 'The shop said no; nothing has happened.' })
export class Refusal {
  @Field(() => REASONS, { description: 'Why.' })
  readonly reason!: RefusalReason;

  @Field(() => String, { description: 'The same in one line for people.' })
  readonly message!: string;

  @Field(() => ID, { nullable: true, description: 'The product that it is about.' })
  readonly productId!: string | null;
}

@ObjectType({ description: 'Goods that are durably in the log.' })
export class StockReceived {
  @Field(() => ID, { description: "The product's id." })
  readonly productId!: string;

  @Field(() => SafeInt, { description: 'Units.' })
  readonly quantity!: number;

  @Field(() => DateTime, { description: 'When they were received.' })
  readonly at!: string;

  @Field(() => Boolean, { description: 'Whether they were received by an earlier request with the same key.' })
  readonly duplicate!: boolean;

  @Field(() => String, { description: 'Given to a query as `atLeast`, its answer has the goods in.' })
  readonly position!: string;
}

export const PlaceOrderResult = createUnionType({
  name: 'PlaceOrderResult',
  description: 'What became of an order: a refusal is an answer, not an error.',
  types: () => [OrderAccepted, Refusal] as const,
  resolveType: (value) => ('reason' in value ? Refusal : OrderAccepted),
});

export const ReceiveStockResult = createUnionType({
  name: 'ReceiveStockResult',
  description: 'What became of a delivery.',
  types: () => [StockReceived, Refusal] as const,
  resolveType: (value) => ('reason' in value ? Refusal : StockReceived),
});
