import { Arg, Args, Ctx, FieldResolver, Int, Query, Resolver, Root, Subscription } from 'type-graphql';
import type { Sum } from '../../domain/exact.ts';
import { statsExtras, type StatsExtras } from '../../live/live-stats.ts';
import type { LiveFrame } from '../../live/live.ts';
import { ShopError } from '../../ports/errors.ts';
import {
  handledWindows,
  openOrders,
  ordersToday,
  readFigure,
  salesLastHour,
  salesToday,
  type Documents,
  type Moment,
  type RangeName,
} from '../../queries/figures.ts';
import { readSeries, type BucketName } from '../../queries/series.ts';
import { readStats, STATS_PROJECTIONS } from '../../queries/stats.ts';
import { readView } from '../../queries/views.ts';
import { answer, standing, type Asked } from '../answer.ts';
import type { ApiContext, Services } from '../context.ts';
import { Bucket, Figure, HandledFigures, SalesBucket, SalesSeries, Stats, StatsBefore } from '../types/figures.ts';
import { AtArgs, AtLeastArgs } from '../types/positions.ts';
import { DateTime } from '../types/scalars.ts';

const iso = (at: number): string => new Date(at).toISOString();

/** Figures, and those beside them that are read only when they are asked for. */
interface StatsRoot extends Stats, StatsExtras {
  readonly behindMs: () => Promise<number>;
}

@Resolver(() => Stats)
export class FigureResolver {
  @Query(() => Stats, { description: 'Every figure of the dashboard, as of one instant.' })
  stats(
    @Arg('view', () => String, {
      nullable: true,
      description:
        'From this view of the past, as of its own instant without `at`; from the live read models when absent.',
    })
    view: string | undefined,
    @Args(() => AtArgs) asked: AtArgs,
    @Ctx() { services }: ApiContext,
  ): Promise<Stats> {
    if (typeof view === 'string') return statsOfView(services, view, asked);
    return answer(services, asked, STATS_PROJECTIONS, async (reading): Promise<StatsRoot> => {
      const stats = await readStats(services.models, reading);
      const behindMs = async (): Promise<number> => {
        await services.progress.look();
        return services.progress.lagMsOf(STATS_PROJECTIONS);
      };
      return {
        ...stats,
        ...standing(stats.positions, reading.at),
        ...statsExtras(services.models, reading),
        behindMs,
      };
    });
  }

  @FieldResolver(() => StatsBefore, { description: 'The same at this time of the day before.' })
  yesterday(@Root() root: StatsRoot): Promise<StatsBefore> {
    return root.yesterday();
  }

  @FieldResolver(() => [SalesBucket], {
    description: 'The last three minutes, the running one last: by them a chart goes on without asking again.',
  })
  async latestMinutes(@Root() root: StatsRoot): Promise<SalesBucket[]> {
    return [...(await root.latestMinutes())];
  }

  @FieldResolver(() => Int, {
    description: 'For how long the oldest event that is not in has been waiting, in ms; 0 when all are in.',
  })
  behindMs(@Root() root: StatsRoot): Promise<number> {
    return root.behindMs();
  }

  @Query(() => Figure, { description: 'Orders since 00:00.' })
  ordersToday(@Args(() => AtArgs) asked: AtArgs, @Ctx() { services }: ApiContext): Promise<Figure> {
    return figure(services, asked, ['order-counts'], ['orderCounts'], ordersToday);
  }

  @Query(() => Figure, { description: 'Sales since 00:00, in minor units.' })
  salesToday(@Args(() => AtArgs) asked: AtArgs, @Ctx() { services }: ApiContext): Promise<Figure> {
    return figure(services, asked, ['sales'], ['sales'], salesToday);
  }

  @Query(() => Figure, { description: 'Sales of the last 60 minutes, in minor units.' })
  salesLastHour(@Args(() => AtArgs) asked: AtArgs, @Ctx() { services }: ApiContext): Promise<Figure> {
    return figure(services, asked, ['sales'], ['sales'], salesLastHour);
  }

  @Query(() => Figure, { description: 'Orders that were drawn to be handled and are not handled yet.' })
  openOrders(@Args(() => AtArgs) asked: AtArgs, @Ctx() { services }: ApiContext): Promise<Figure> {
    return figure(services, asked, ['handling'], ['totals', 'drawn', 'handled'], openOrders);
  }

  @Query(() => HandledFigures, { description: 'The handling monitor.' })
  handled(@Args(() => AtArgs) asked: AtArgs, @Ctx() { services }: ApiContext): Promise<HandledFigures> {
    return answer(services, asked, ['handling'], async (reading) => {
      const { value, positions } = await readFigure(services.models, reading, ['handled'], handledWindows);
      return {
        at: iso(reading.at),
        today: value.handledToday,
        last5m: value.handledLast5m,
        last30m: value.handledLast30m,
        last1h: value.handledLast1h,
        last2h: value.handledLast2h,
        per5mAverage: value.handledPer5mAverage,
        per5m: value.handledPer5m,
        ...standing(positions, reading.at),
      };
    });
  }

  @Query(() => SalesSeries, { description: 'Orders, sales and handled orders by equal spans of time, for charts.' })
  salesSeries(
    @Arg('from', () => DateTime, { description: 'Where the first bucket begins.' }) from: Date,
    @Arg('to', () => DateTime, { description: 'What the last bucket reaches; at most 8 days later.' }) to: Date,
    @Arg('bucket', () => Bucket, { defaultValue: 'MINUTE', description: 'How long each is; at most 2,000 of them.' })
    bucket: BucketName,
    @Args(() => AtLeastArgs) asked: AtLeastArgs,
    @Ctx() { services }: ApiContext,
  ): Promise<SalesSeries> {
    return answer(services, asked, ['order-counts', 'sales', 'handling'], async ({ at, timeZone, collections }) => {
      const span = { from: from.getTime(), to: to.getTime(), bucket };
      const series = await readSeries(services.models, { ...span, timeZone, collections });
      return { ...series, bucket, ...standing(series.positions, at) };
    });
  }

  @Subscription(() => Stats, {
    name: 'stats',
    description:
      'Every figure: first the present, then whenever one changes and at each second, at most 20 times a second. Who is slow gets the newest.',
    subscribe: ({ context }: { context: ApiContext }) => context.services.live.stats.follow(),
  })
  liveStats(@Root() frame: LiveFrame): Stats {
    const { yesterday, latestMinutes, behindMs } = frame;
    const root: StatsRoot = {
      ...frame,
      ...standing(frame.positions, Date.parse(frame.at)),
      yesterday: () => Promise.resolve(yesterday),
      latestMinutes: () => Promise.resolve(latestMinutes),
      behindMs: () => Promise.resolve(behindMs),
    };
    return root;
  }
}

/** A view stands still: nothing in it is waited for. */
function statsOfView({ models, timeZone, currency }: Services, name: string, asked: Asked): Promise<StatsRoot> {
  if (typeof asked.atLeast === 'string') {
    throw new ShopError('BAD_INPUT', 'a view of the past does not move on: leave `atLeast` or `view` out');
  }
  return readView(models, name, STATS_PROJECTIONS, async ({ asOf }, collections) => {
    const at = asked.at?.getTime() ?? asOf;
    const reading = { at, timeZone, currency, collections };
    const stats = await readStats(models, reading);
    const extras = statsExtras(models, reading);
    return { ...stats, ...standing(stats.positions, at), ...extras, behindMs: () => Promise.resolve(0) };
  });
}

function figure<K extends RangeName>(
  services: Services,
  asked: Asked,
  projections: readonly string[],
  needs: readonly K[],
  workOut: (documents: Documents<K>, moment: Moment) => Sum,
): Promise<Figure> {
  return answer(services, asked, projections, async (reading) => {
    const { value, positions } = await readFigure(services.models, reading, needs, workOut);
    return { value, at: iso(reading.at), ...standing(positions, reading.at) };
  });
}
