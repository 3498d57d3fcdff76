import { Arg, Ctx, Int, Mutation, Query, Resolver, Root, Subscription, UseMiddleware } from 'type-graphql';
import { listDeadLetters } from '../../dead-letters/dead-letters.ts';
import { dayOf } from '../../domain/calendar.ts';
import type { ProjectionProgress } from '../../live/progress.ts';
import { ShopError } from '../../ports/errors.ts';
import type { Rebuild as RebuildRead } from '../../replay/rebuild.ts';
import type { ApiContext } from '../context.ts';
import { operatorOnly } from '../operator-only.ts';
import { DeadLetters, Projection, Rebuild, Shop } from '../types/operations.ts';

const LISTED_MAX = 100;

@Resolver()
export class OperationResolver {
  @Query(() => Shop, { description: 'The shop, and what it runs on.' })
  shop(@Ctx() { services, operator }: ApiContext): Shop {
    const { name, version, mode, timeZone, currency, minorDigits, clock, log, models } = services;
    const now = clock.now();
    return {
      name,
      version,
      mode,
      timeZone,
      currency,
      minorDigits,
      log: log.engine,
      readModels: models.engine,
      now,
      day: dayOf(now, timeZone),
      operatorTokenNeeded: !operator,
    };
  }

  @Query(() => [Projection], { description: 'Every projection, and how far it is.' })
  async projections(@Ctx() { services }: ApiContext): Promise<Projection[]> {
    return [...(await services.progress.look())];
  }

  @Subscription(() => [Projection], {
    name: 'projections',
    description: 'Every projection, and how far it is: first at once, then each second.',
    subscribe: ({ context }: { context: ApiContext }) => context.services.live.projections.follow(),
  })
  liveProjections(@Root() projections: readonly ProjectionProgress[]): Projection[] {
    return [...projections];
  }

  @Query(() => DeadLetters, { description: 'Records that could not be decoded.' })
  async deadLetters(
    @Arg('first', () => Int, { defaultValue: 20, description: 'How many to list, 0 to 100.' }) first: number,
    @Ctx() { services }: ApiContext,
  ): Promise<DeadLetters> {
    if (first < 0 || first > LISTED_MAX) {
      throw new ShopError('BAD_INPUT', `\`first\` is ${first}; it must be from 0 to ${LISTED_MAX}`);
    }
    const letters = await listDeadLetters(services.log);
    const newest = first === 0 ? [] : letters.slice(-first).reverse();
    return { total: letters.length, letters: newest.map((letter) => ({ ...letter, value: letter.preview })) };
  }

  @Mutation(() => Rebuild, {
    description: 'Begins to rebuild a projection from the log, beside the live one. For operators.',
  })
  @UseMiddleware(operatorOnly)
  rebuildProjection(
    @Arg('projection', () => String, { description: 'Its name.' }) projection: string,
    @Ctx() { services }: ApiContext,
  ): Promise<Rebuild> {
    return services.rebuilds.start(projection);
  }

  @Subscription(() => [Rebuild], {
    name: 'rebuild',
    description: 'Rebuilds under way and the last that ended: first at once, then as they go on.',
    subscribe: ({ context }: { context: ApiContext }) => context.services.rebuilds.follow(),
  })
  liveRebuilds(@Root() rebuilds: readonly RebuildRead[]): Rebuild[] {
    return [...rebuilds];
  }
}
