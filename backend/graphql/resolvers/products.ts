import { Arg, Args, Ctx, ID, Query, Resolver, Root, Subscription } from 'type-graphql';
import { dayOf, isDay, type Day } from '../../domain/calendar.ts';
import type { LiveFrame } from '../../live/live.ts';
import { ShopError } from '../../ports/errors.ts';
import { readSalesByCountry } from '../../queries/countries.ts';
import { readFigure } from '../../queries/figures.ts';
import { readProductsSold, type ProductsOptions } from '../../queries/products.ts';
import { stockAsOf } from '../../queries/stock.ts';
import { answer, standing, type Reading } from '../answer.ts';
import type { ApiContext } from '../context.ts';
import { AtArgs } from '../types/positions.ts';
import { ProductsSold, SalesByCountry, Stock } from '../types/products.ts';
import { LocalDate } from '../types/scalars.ts';

@Resolver()
export class ProductResolver {
  @Query(() => Stock, { description: 'The stock: units received less units sold, of each product.' })
  stock(
    @Arg('productId', () => ID, { nullable: true, description: 'Only this product; all of them when absent.' })
    productId: string | undefined,
    @Args(() => AtArgs) asked: AtArgs,
    @Ctx() { services }: ApiContext,
  ): Promise<Stock> {
    return answer(services, asked, ['stock', 'products-sold'], async (reading) => {
      const needs = ['products', 'movements', 'soldToday'] as const;
      const { value, positions } = await readFigure(services.models, reading, needs, (documents) =>
        stockAsOf(documents, reading),
      );
      const products = (productId ?? null) === null ? value : value.filter((each) => each.productId === productId);
      return { at: new Date(reading.at).toISOString(), products, ...standing(positions, reading.at) };
    });
  }

  @Query(() => ProductsSold, { description: 'What was sold of each product on a day.' })
  productsSold(
    @Arg('day', () => LocalDate, { nullable: true, description: 'The day; that of `at` when absent.' })
    day: string | undefined,
    @Args(() => AtArgs) asked: AtArgs,
    @Ctx() { services }: ApiContext,
  ): Promise<ProductsSold> {
    assertDay(day);
    return answer(services, asked, ['products-sold'], async (reading) => {
      const { ofDay, options } = dayAsked(day, asked, reading);
      const sold = await readProductsSold(services.models, ofDay, options);
      return { day: sold.day, products: sold.products, ...standing(sold.positions, reading.at) };
    });
  }

  @Query(() => SalesByCountry, { description: "Orders and sales of a day by the customer's country, hour by hour." })
  salesByCountry(
    @Arg('day', () => LocalDate, { nullable: true, description: 'The day; that of `at` when absent.' })
    day: string | undefined,
    @Args(() => AtArgs) asked: AtArgs,
    @Ctx() { services }: ApiContext,
  ): Promise<SalesByCountry> {
    assertDay(day);
    return answer(services, asked, ['country-sales'], async (reading) => {
      const { ofDay, options } = dayAsked(day, asked, reading);
      const sold = await readSalesByCountry(services.models, ofDay, options);
      return { day: sold.day, countries: sold.countries, ...standing(sold.positions, reading.at) };
    });
  }

  @Subscription(() => Stock, {
    name: 'stock',
    description: 'The whole stock: first the present, then whenever any of it changes, at most 20 times a second.',
    subscribe: ({ context }: { context: ApiContext }) => context.services.live.stock.follow(),
  })
  liveStock(@Root() { at, stock, positions }: LiveFrame): Stock {
    const { stock: own = {}, 'products-sold': sold = {} } = positions;
    return { at, products: stock, ...standing({ stock: own, 'products-sold': sold }, Date.parse(at)) };
  }
}

function assertDay(day: string | undefined): void {
  if (typeof day === 'string' && !isDay(day)) throw new ShopError('BAD_INPUT', `"${day}" is no day such as 2026-11-22`);
}

/** The day that is asked for, and up to when: a day that is named counts as a whole unless an instant is, too. */
function dayAsked(
  day: string | undefined,
  { at: instant }: AtArgs,
  { at, timeZone, collections }: Reading,
): { readonly ofDay: Day; readonly options: ProductsOptions } {
  const until = typeof day === 'string' && !(instant instanceof Date) ? {} : { until: at };
  return { ofDay: day ?? dayOf(at, timeZone), options: { timeZone, collections, ...until } };
}
