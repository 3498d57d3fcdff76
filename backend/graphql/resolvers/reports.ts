import { Arg, Args, Ctx, Int, Mutation, Query, Resolver, UseMiddleware } from 'type-graphql';
import { isDay } from '../../domain/calendar.ts';
import { ShopError } from '../../ports/errors.ts';
import { readReport, readReports, type Report } from '../../queries/reports.ts';
import { readUngiven } from '../../queries/ungiven-reports.ts';
import type { ApiContext, Services } from '../context.ts';
import { given } from '../given.ts';
import { operatorOnly } from '../operator-only.ts';
import { connectionOf, PageArgs } from '../types/page.ts';
import { DailyReport, DailyReportConnection, UngivenReport } from '../types/reports.ts';
import { LocalDate } from '../types/scalars.ts';

const FILE_KINDS = ['json', 'md', 'csv'];
const WAIT_MS = 10_000;
const POLL_MS = 50;

/** The latest revision's files bear the day's name, former ones their number, too. */
function reportOf(services: Services, report: Report): DailyReport {
  const isLatest = report.revision === Math.max(...report.revisions);
  const name = isLatest ? report.day : `${report.day}.r${report.revision}`;
  const files = FILE_KINDS.map((kind) => ({ name: `${name}.${kind}`, url: services.reportUrl(`${name}.${kind}`) }));
  return { ...report, generatedAt: report.at, files };
}

@Resolver()
export class ReportResolver {
  @Query(() => DailyReport, { nullable: true, description: 'The report of a day; null when there is none (yet).' })
  async dailyReport(
    @Arg('day', () => LocalDate, { description: 'The day that it covers.' }) day: string,
    @Arg('revision', () => Int, { nullable: true, description: 'The latest when absent.' })
    revision: number | undefined,
    @Ctx() { services }: ApiContext,
  ): Promise<DailyReport | null> {
    const report = await readReport(services.models, await services.collections(), day, revision ?? undefined);
    return report === null ? null : reportOf(services, report);
  }

  @Query(() => DailyReportConnection, { description: 'Daily reports, newest day first, each in its latest revision.' })
  async dailyReports(
    @Args(() => PageArgs) { first, after }: PageArgs,
    @Ctx() { services }: ApiContext,
  ): Promise<DailyReportConnection> {
    const page = await readReports(services.models, await services.collections(), { ...given({ after }), first });
    return connectionOf(page, after, (report) => reportOf(services, report));
  }

  @Query(() => [UngivenReport], {
    description: 'Days of which the report, or its next revision, cannot be given; oldest first.',
  })
  ungivenReports(@Ctx() { services }: ApiContext): Promise<UngivenReport[]> {
    return readUngiven(services.models);
  }

  @Mutation(() => DailyReport, {
    description: 'Issues the report of an ended day now, or a new revision if its figures have changed. For operators.',
  })
  @UseMiddleware(operatorOnly)
  async makeReport(
    @Arg('day', () => LocalDate, { description: 'A day that has ended.' }) day: string,
    @Ctx() { services }: ApiContext,
  ): Promise<DailyReport> {
    if (!isDay(day)) throw new ShopError('BAD_INPUT', `"${day}" is no day such as 2026-11-22`);
    const issued = await services.makeReport(day);
    const { clock, models } = services;
    // It is in the log; the read model follows in a moment.
    const deadline = clock.now() + WAIT_MS;
    for (;;) {
      const report = await readReport(models, await services.collections(), day);
      if (report !== null && report.revision >= issued.revision) return reportOf(services, report);
      if (clock.now() > deadline) {
        throw new ShopError('TIMEOUT', 'the report was issued, but no projector has folded it yet; ask for it again');
      }
      await clock.until(clock.now() + POLL_MS);
    }
  }
}
