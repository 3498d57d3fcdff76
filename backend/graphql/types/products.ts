import { Field, ID, ObjectType } from 'type-graphql';
import type { Sum } from '../../domain/exact.ts';
import { Positioned } from './positions.ts';
import { DateTime, LocalDate, SafeInt } from './scalars.ts';

@ObjectType({ description: 'What there is of a product.' })
export class StockBalance {
  @Field(() => ID, { description: "The product's id." })
  readonly productId!: string;

  @Field(() => String, { description: 'Its name; the id until it is listed.' })
  readonly name!: string;

  @Field(() => String, { description: 'Its category; empty until it is listed.' })
  readonly category!: string;

  @Field(() => SafeInt, { nullable: true, description: 'The list price in minor units; null until it is listed.' })
  readonly price!: number | null;

  @Field(() => SafeInt, {
    nullable: true,
    description:
      'Units received less units sold; exact to the minute; null, with an error, when it cannot be given exactly.',
  })
  readonly balance!: Sum;

  @Field(() => SafeInt, {
    nullable: true,
    description: 'Units received as opening stock, at any time; null, with an error, when it cannot be given exactly.',
  })
  readonly opening!: Sum;

  @Field(() => SafeInt, {
    nullable: true,
    description: 'Units sold since 00:00; exact to the minute; null, with an error, when it cannot be given exactly.',
  })
  readonly soldToday!: Sum;
}

@ObjectType({ description: 'The stock as of an instant.' })
export class Stock extends Positioned {
  @Field(() => DateTime, { description: 'The instant that the balances are of.' })
  readonly at!: string;

  @Field(() => [StockBalance], { description: 'Every product, or the one that was asked for, by id.' })
  readonly products!: readonly StockBalance[];
}

@ObjectType({ description: 'What was sold of a product.' })
export class ProductSold {
  @Field(() => ID, { description: "The product's id." })
  readonly productId!: string;

  @Field(() => String, { description: 'Its name as on the latest order.' })
  readonly name!: string;

  @Field(() => SafeInt, {
    nullable: true,
    description: 'Units sold; null, with an error, when it cannot be given exactly.',
  })
  readonly units!: Sum;

  @Field(() => SafeInt, {
    nullable: true,
    description: 'What they came to, in minor units; null, with an error, when it cannot be given exactly.',
  })
  readonly amount!: Sum;
}

@ObjectType({ description: 'What was sold of each product on a day.' })
export class ProductsSold extends Positioned {
  @Field(() => LocalDate, { description: "The day, in the shop's time zone." })
  readonly day!: string;

  @Field(() => [ProductSold], { description: 'Products of which any was sold, by id.' })
  readonly products!: readonly ProductSold[];
}

@ObjectType({ description: 'What was ordered from a country within an hour of a day.' })
export class CountryHour {
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
}

@ObjectType({ description: 'What was ordered from a country on a day.' })
export class CountrySales {
  @Field(() => String, { description: "The customer's country as orders have it; empty where they name none." })
  readonly country!: string;

  @Field(() => SafeInt, { description: 'Orders placed.' })
  readonly orders!: number;

  @Field(() => SafeInt, {
    nullable: true,
    description: 'What they came to, in minor units; null, with an error, when it cannot be given exactly.',
  })
  readonly sales!: Sum;

  @Field(() => [CountryHour], { description: 'Every hour of the day, oldest first: 23 to 25 of them.' })
  readonly hours!: readonly CountryHour[];
}

@ObjectType({ description: 'What was ordered from each country on a day.' })
export class SalesByCountry extends Positioned {
  @Field(() => LocalDate, { description: "The day, in the shop's time zone." })
  readonly day!: string;

  @Field(() => [CountrySales], { description: 'Countries with an order, by sales, the largest first.' })
  readonly countries!: readonly CountrySales[];
}
