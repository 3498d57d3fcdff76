import { Field, Int, ObjectType } from 'type-graphql';
import { PageInfo } from './page.ts';
import { ProductSold } from './products.ts';
import { DateTime, LocalDate, SafeInt } from './scalars.ts';

@ObjectType({ description: 'Something that an order which came in late has changed in a report.' })
export class ReportChange {
  @Field(() => String, { description: 'What changed: orders, sales, units of a product …' })
  readonly what!: string;

  @Field(() => SafeInt, { description: 'What the revision before said.' })
  readonly before!: number;

  @Field(() => SafeInt, { description: 'What this one says.' })
  readonly after!: number;
}

@ObjectType({ description: 'A file of a report.' })
export class ReportFile {
  @Field(() => String, { description: 'Its name: 2026-11-22.json, .md or .csv.' })
  readonly name!: string;

  @Field(() => String, { description: 'Where this server has it, as a path.' })
  readonly url!: string;
}

@ObjectType({ description: 'The report of an ended day.' })
export class DailyReport {
  @Field(() => LocalDate, { description: 'The day that it covers.' })
  readonly day!: string;

  @Field(() => String, { description: "The shop's time zone (IANA name)." })
  readonly timeZone!: string;

  @Field(() => DateTime, { description: "The day's first instant." })
  readonly from!: string;

  @Field(() => DateTime, { description: "The next day's first instant." })
  readonly to!: string;

  @Field(() => String, { description: 'ISO 4217 code of its amounts.' })
  readonly currency!: string;

  @Field(() => Int, { description: '1 for the first; each one that replaces another has the next number.' })
  readonly revision!: number;

  @Field(() => DateTime, { description: 'When this revision was issued.' })
  readonly generatedAt!: string;

  @Field(() => SafeInt, { description: 'Orders placed on the day.' })
  readonly orders!: number;

  @Field(() => SafeInt, { description: 'What they came to, in minor units.' })
  readonly sales!: number;

  @Field(() => SafeInt, { description: 'Orders handled on the day, whenever they were placed.' })
  readonly handledOrders!: number;

  @Field(() => [ProductSold], { description: 'Products sold, by id.' })
  readonly products!: readonly ProductSold[];

  @Field(() => [ReportChange], { description: 'What changed since the revision before; empty for the first.' })
  readonly changes!: readonly ReportChange[];

  @Field(() => [Int], { description: 'The revisions that there are of this day, oldest first.' })
  readonly revisions!: readonly number[];

  @Field(() => [ReportFile], { description: 'The files of this revision.' })
  readonly files!: readonly ReportFile[];
}

@ObjectType({ description: 'A day of which there is no report.' })
export class UngivenReport {
  @Field(() => String, { description: 'The day: 2026-11-22, or what a foreign record takes for one.' })
  readonly day!: string;

  @Field(() => String, { description: 'Why, in one line for people.' })
  readonly reason!: string;
}

@ObjectType({ description: 'A report in a list, with its cursor.' })
export class DailyReportEdge {
  @Field(() => String, { description: 'May be given as `after`.' })
  readonly cursor!: string;

  @Field(() => DailyReport, { description: 'The report.' })
  readonly node!: DailyReport;
}

@ObjectType({ description: 'A page of reports, newest day first.' })
export class DailyReportConnection {
  @Field(() => [DailyReportEdge], { description: 'The reports with their cursors.' })
  readonly edges!: readonly DailyReportEdge[];

  @Field(() => [DailyReport], { description: 'The reports.' })
  readonly nodes!: readonly DailyReport[];

  @Field(() => PageInfo, { description: 'Where the page stands.' })
  readonly pageInfo!: PageInfo;
}
