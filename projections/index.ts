/** All projections. A new one is one file and one line here. */
import { countrySales } from './country-sales.ts';
import { dailyReports } from './daily-reports.ts';
import { handling } from './handling.ts';
import { orderCounts } from './order-counts.ts';
import { orders } from './orders.ts';
import { productsSold } from './products-sold.ts';
import type { Projection } from './projection.ts';
import { sales } from './sales.ts';
import { stock } from './stock.ts';

export const PROJECTIONS: readonly Projection[] = [
  orderCounts,
  sales,
  productsSold,
  stock,
  handling,
  orders,
  dailyReports,
  countrySales,
];
