import { Field, Float, ObjectType, registerEnumType } from 'type-graphql';
import type { BucketName } from '../../queries/series.ts';
import type { Sum } from '../../domain/exact.ts';
import { Positioned } from './positions.ts';
import { StockBalance } from './products.ts';
import { DateTime, SafeInt } from './scalars.ts';

@ObjectType({ description: 'One figure: a count, or an amount in minor units.' })
export class Figure extends Positioned {
  @Field(() => SafeInt, {
    nullable: true,
    description: 'A count, or an amount in minor units; null, with an error, when it cannot be given exactly.',
  })
  readonly value!: Sum;

  @Field(() => DateTime, { description: 'The instant that it is of.' })
  readonly at!: string;
}

@ObjectType({ description: 'The handling monitor: orders handled within windows that end with the instant.' })
export class HandledFigures extends Positioned {
  @Field(() => DateTime, { description: 'The instant that the figures are of.' })
  readonly at!: string;

  @Field(() => SafeInt, { description: 'Handled since 00:00.' })
  readonly today!: number;

  @Field(() => SafeInt, { description: 'Handled in the last 5 minutes.' })
  readonly last5m!: number;

  @Field(() => SafeInt, { description: 'Handled in the last 30 minutes.' })
  readonly last30m!: number;

  @Field(() => SafeInt, { description: 'Handled in the last hour.' })
  readonly last1h!: number;

  @Field(() => SafeInt, { description: 'Handled in the last 2 hours.' })
  readonly last2h!: number;

  @Field(() => Float, { description: 'Handled in each 5 minutes, on the average of the last 2 hours.' })
  readonly per5mAverage!: number;

  @Field(() => [SafeInt], { description: 'Handled in each of the 24 intervals of 5 minutes, oldest first.' })
  readonly per5m!: readonly number[];
}

const BUCKETS: { readonly [B in BucketName]: B } = {
  SECOND: 'SECOND',
  MINUTE: 'MINUTE',
  FIVE_MINUTES: 'FIVE_MINUTES',
  QUARTER: 'QUARTER',
  HOUR: 'HOUR',
  DAY: 'DAY',
};
registerEnumType(BUCKETS, {
  name: 'Bucket',
  description: 'How long each span of a series is.',
  valuesConfig: {
    QUARTER: { description: 'A quarter of an hour.' },
    DAY: { description: "A day of the shop's time zone, of 23 to 25 hours." },
  },
});
export { BUCKETS as Bucket };

@ObjectType({ description: 'What happened in one span of time.' })
export class SalesBucket {
  @Field(() => DateTime, { description: 'Its first instant.' })
  readonly from!: number;

  @Field(() => DateTime, { description: 'The first instant after it.' })
  readonly to!: number;

  @Field(() => SafeInt, { description: 'Orders placed.' })
  readonly orders!: number;

  @Field(() => SafeInt, {
    nullable: true,
    description: 'What they came to, in minor units; null, with an error, when it cannot be given exactly.',
  })
  readonly sales!: Sum;

  @Field(() => SafeInt, { description: 'Orders handled.' })
  readonly handled!: number;
}

@ObjectType({ description: 'Orders, sales and handled orders by equal spans of time.' })
export class SalesSeries extends Positioned {
  @Field(() => DateTime, { description: 'Where the first bucket begins.' })
  readonly from!: number;

  @Field(() => DateTime, { description: 'Where the last bucket ends.' })
  readonly to!: number;

  @Field(() => BUCKETS, { description: 'How long each bucket is.' })
  readonly bucket!: BucketName;

  @Field(() => [SalesBucket], { description: 'The buckets, oldest first; those without any order, too.' })
  readonly buckets!: readonly SalesBucket[];
}

@ObjectType({ description: 'Some figures as of the same local time of the day before.' })
export class StatsBefore {
  @Field(() => DateTime, { description: 'The instant that the figures are of.' })
  readonly at!: string;

  @Field(() => SafeInt, { description: 'Orders from 00:00 of that day.' })
  readonly ordersToday!: number;

  @Field(() => SafeInt, {
    nullable: true,
    description: 'Sales from 00:00 of that day, in minor units; null, with an error, when it cannot be given exactly.',
  })
  readonly salesToday!: Sum;

  @Field(() => SafeInt, {
    nullable: true,
    description:
      'Sales of the hour that ended then, in minor units; null, with an error, when it cannot be given exactly.',
  })
  readonly salesLastHour!: Sum;

  @Field(() => SafeInt, { description: 'Handled from 00:00 of that day.' })
  readonly handledToday!: number;

  @Field(() => SafeInt, { description: 'Orders that waited to be handled then.' })
  readonly openOrders!: number;
}

@ObjectType({
  description: 'Every figure of the dashboard, as of one instant. Windows are whole seconds and end with its own.',
})
export class Stats extends Positioned {
  @Field(() => DateTime, { description: 'The instant that the figures are of.' })
  readonly at!: string;

  @Field(() => String, { description: "The shop's time zone (IANA name), in which days begin." })
  readonly timeZone!: string;

  @Field(() => String, { description: 'ISO 4217 code of every amount.' })
  readonly currency!: string;

  @Field(() => SafeInt, { description: 'Orders since 00:00.' })
  readonly ordersToday!: number;

  @Field(() => SafeInt, {
    nullable: true,
    description: 'Sales since 00:00, in minor units; null, with an error, when it cannot be given exactly.',
  })
  readonly salesToday!: Sum;

  @Field(() => SafeInt, {
    nullable: true,
    description: 'Sales of the last 60 minutes, in minor units; null, with an error, when it cannot be given exactly.',
  })
  readonly salesLastHour!: Sum;

  @Field(() => SafeInt, { description: 'Orders handled since 00:00.' })
  readonly handledToday!: number;

  @Field(() => SafeInt, { description: 'Orders handled in the last 5 minutes.' })
  readonly handledLast5m!: number;

  @Field(() => SafeInt, { description: 'Orders handled in the last 30 minutes.' })
  readonly handledLast30m!: number;

  @Field(() => SafeInt, { description: 'Orders handled in the last hour.' })
  readonly handledLast1h!: number;

  @Field(() => SafeInt, { description: 'Orders handled in the last 2 hours.' })
  readonly handledLast2h!: number;

  @Field(() => Float, { description: 'Orders handled in each 5 minutes, on the average of the last 2 hours.' })
  readonly handledPer5mAverage!: number;

  @Field(() => [SafeInt], { description: 'Orders handled in each of the 24 intervals of 5 minutes, oldest first.' })
  readonly handledPer5m!: readonly number[];

  @Field(() => SafeInt, { description: 'Orders that were drawn to be handled and are not handled yet.' })
  readonly openOrders!: number;

  @Field(() => [StockBalance], { description: 'Every product, by id.' })
  readonly stock!: readonly StockBalance[];
}
